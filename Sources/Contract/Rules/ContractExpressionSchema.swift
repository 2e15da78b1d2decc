package import Expression

/// What expressions may know of a contract's resources.
package struct ContractExpressionSchema: ExpressionSchema {
  private struct Record: Sendable {
    var names: [String] = []
    var members: [String: ExpressionMember] = [:]
    var key = ExpressionType.uuid
  }
  private var records: [String: Record] = [:]

  /// The schema of a loaded contract.
  package init(_ contract: Contract) {
    self.init(contract.resources.map { ($0, []) })
  }

  /// `unknown` are fields with an error of their own: any use of them passes.
  init(_ resources: [(resource: Resource, unknown: Set<String>)]) {
    for (resource, unknown) in resources {
      var record = ContractExpressionSchema.record(of: resource)
      for name in unknown where record.members[name] == nil {
        record.members[name] = ExpressionMember(.dynamic, isNullable: true)
      }
      records[resource.name] = record
    }
  }

  private static func record(of resource: Resource) -> Record {
    var record = Record()
    func add(_ name: String, _ member: ExpressionMember) {
      record.names.append(name)
      record.members[name] = member
    }
    // A composite key has no single value that SQL could compare.
    if resource.storage.key.count == 1 {
      record.key = resource.storage.key[0].type.expressionType
      add("id", ExpressionMember(record.key, isNullable: false))
    }
    for field in resource.fields {
      var values: [String]?
      if case .enumeration(let all) = field.type { values = all }
      let isNullable = !field.isRequired && field.name != resource.states?.field
      var member = ExpressionMember(field.type.expressionType, isNullable: isNullable, enumeration: values)
      if case .decimal(let digits, let scale, _, _) = field.type, field.encoding == .standard, resource.storage.isManaged {
        member.precision = DecimalPrecision(digits: digits, scale: scale)
      }
      // Others may have written another spelling into an adopted table; it is found as it is shown.
      if resource.storage.isManaged { member.canonical = field.type.canonicalText }
      add(field.name, member)
    }
    for collection in resource.collections {
      add(collection.name, ExpressionMember(.list(.record(collection.resource)), isNullable: false, isCollection: true))
    }
    if resource.storage.hasTimestamps {
      add("created_at", ExpressionMember(.timestamp, isNullable: false))
      add("updated_at", ExpressionMember(.timestamp, isNullable: false))
    }
    if resource.isSoftDeleted { add(Resource.deletedMember, ExpressionMember(.timestamp, isNullable: true)) }
    if resource.storage.hasRevision { add("revision", ExpressionMember(.integer, isNullable: false)) }
    return record
  }

  package func member(_ name: String, of resource: String) -> ExpressionMember? { records[resource]?.members[name] }

  package func memberNames(of resource: String) -> [String] { records[resource]?.names ?? [] }

  package func keyType(of resource: String) -> ExpressionType { records[resource]?.key ?? .uuid }
}
