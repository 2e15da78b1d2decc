import Contract
import Testing

/// Resources over tables that were there before.
@Suite struct AdoptionTests {
  static let text = """
    resources:
      Artist:
        table: Artist
        id: {column: ArtistId, type: integer}
        revision: none
        fields: {Name: {type: string, length: 0..120}}
        access: {read: nobody}
      Track:
        table: Track
        id: {column: TrackId, type: integer}
        revision: none
        fields:
          Artist: {ref: Artist, column: ArtistId}
          UnitPrice: {type: decimal, precision: "10,2", stored_as: real, required: true}
          Added: {type: timestamp, stored_as: text}
          Seen: {type: timestamp, stored_as: unix}
          Live: {type: boolean, stored_as: {yes: Y, no: N}}
          Code: {type: uuid, stored_as: text}
          Total: {type: integer, generated: true}
          created_at: timestamp
          lists: {many: PlaylistTrack, by: Track}
        access: {read: nobody}
      Employee:
        table: Employee
        id: {column: EmployeeId, type: integer}
        revision: none
        fields: {ReportsTo: {ref: Employee}, staff: {many: Employee, by: ReportsTo}}
        access: {read: nobody}
      PlaylistTrack:
        table: PlaylistTrack
        id: {columns: [PlaylistId, TrackId]}
        revision: none
        fields:
          Playlist: {type: integer, column: PlaylistId, required: true}
          Track: {ref: Track, column: TrackId, required: true}
        access: {read: nobody}
      Codes:
        table: codes
        schema: legacy
        id: {column: code, type: string, length: 1..8}
        revision: none
        access: {read: nobody}
      totals:
        table: totals_view
        read_only: true
        revision: none
        id: {column: id, type: uuid, generated: true}
        fields: {amount: number}
        access: {read: anyone}
      kept:
        table: kept_things
        managed: true
        fields: {a: string}
        access: {read: nobody}
    """

  static func resource(_ name: String) throws -> Resource { try #require(try LoaderTests.contract(text).resource(name)) }

  @Test func `integer keys are made by the database`() throws {
    let track = try Self.resource("Track")
    #expect(track.storage.key.map(\.column) == ["TrackId"])
    #expect(track.storage.key[0].type == .integer(minimum: nil, maximum: nil))
    #expect(track.storage.key[0].isGenerated && !track.clientChoosesID)
    #expect(!track.storage.isManaged && !track.storage.hasRevision && !track.storage.hasTimestamps && !track.storage.hasOwnKey)
  }

  @Test func `columns keep their names and encodings`() throws {
    let track = try Self.resource("Track")
    #expect(track.fields.map(\.column) == ["ArtistId", "UnitPrice", "Added", "Seen", "Live", "Code", "Total", "created_at"])
    #expect(
      track.fields.map(\.encoding) == [
        .standard, .real, .text, .unixSeconds, .texts(yes: "Y", no: "N"), .uuidText, .standard, .standard,
      ])
    #expect(track.field("Total")?.isGenerated == true)
  }

  @Test func `refs have the type of the key they point to`() throws {
    guard case .ref(let artist)? = try Self.resource("Track").field("Artist")?.type,
      case .ref(let boss)? = try Self.resource("Employee").field("ReportsTo")?.type
    else {
      Issue.record("no refs")
      return
    }
    #expect(artist.keyType == .integer(minimum: nil, maximum: nil) && boss.keyType == artist.keyType)
    #expect(try Self.resource("Employee").collections.map(\.by) == ["ReportsTo"])
  }

  @Test func `composite keys are made of fields`() throws {
    let resource = try Self.resource("PlaylistTrack")
    #expect(resource.storage.key.map(\.name) == ["Playlist", "Track"])
    #expect(resource.storage.key.map(\.column) == ["PlaylistId", "TrackId"])
    #expect(resource.storage.key.allSatisfy { $0.type == .integer(minimum: nil, maximum: nil) })
    #expect(resource.fields.allSatisfy(\.isImmutable) && resource.clientChoosesID)
  }

  @Test func `the callers' own table may have another name, so that theirs can be adopted`() throws {
    let text = """
      resources:
        users: {table: martlet_users}
        people: {table: users, id: {column: id, type: integer}, revision: none, fields: {name: text}, access: {read: nobody}}
        notes: {fields: {owner: {ref: users, default: caller.id}}, access: {read: authenticated}}
      """
    let contract = try LoaderTests.contract(text)
    let users = try #require(contract.resource("users"))
    #expect(users.storage.table == "martlet_users" && users.storage.isManaged && users.storage.hasRevision && users.storage.hasOwnKey)
    #expect(users.field("subject") != nil && contract.resource("people")?.storage.table == "users")
  }

  @Test func `other keys, schemas, views and managed tables`() throws {
    let codes = try Self.resource("Codes")
    #expect(codes.storage.schema == "legacy" && codes.storage.key[0].type == .string(StringOptions(length: 1...8)) && codes.clientChoosesID)
    #expect(try Self.resource("totals").storage.isReadOnly)
    let kept = try Self.resource("kept")
    #expect(kept.storage.isManaged && kept.storage.hasRevision && kept.storage.hasTimestamps && kept.storage.table == "kept_things")
  }
}
