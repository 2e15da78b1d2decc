import Base
import Contract
import JSON

extension ResourceSchemas {
  /// A record as it could be answered; nil where a required field has no example.
  var example: JSONValue? {
    var object = JSONObject()
    object["id"] = FieldExample.key(resource)
    for field in resource.fields {
      if case .secret = field.type { continue }
      object[field.name] = recordValue(field)
      if object[field.name] == nil {
        guard !field.isRequired else { return nil }
        object[field.name] = .null
      }
    }
    if resource.storage.hasTimestamps {
      object["created_at"] = .string(FieldExample.timestamp)
      object["updated_at"] = .string(FieldExample.timestamp)
    }
    if resource.isSoftDeleted { object[Resource.deletedMember] = .null }
    if resource.storage.hasRevision { object["revision"] = 1 }
    return .object(object)
  }

  private func recordValue(_ field: Field) -> JSONValue? {
    if case .value(let value)? = field.defaultValue, !value.isNull { return JSONValue(value) }
    return FieldExample.value(field.type, name: field.name)
  }

  /// A body that creates a record: what is needed, and what has an example. Nil where something needed has none.
  var createExample: JSONValue? {
    var object = JSONObject()
    if resource.needsKey { object["id"] = FieldExample.key(resource) }
    for field in ResourceSchemas.writable(resource) {
      let isNeeded = ResourceSchemas.isNeeded(field)
      // What few may write, and what has a default, is left out of the ordinary case.
      if !isNeeded, field.write != nil || field.defaultValue != nil { continue }
      if !isNeeded, case .ref = field.type { continue }
      if let value = FieldExample.value(field.type, name: field.name) {
        object[field.name] = value
      } else if isNeeded {
        return nil
      }
    }
    return .object(object)
  }

  /// The same for PUT, whose id stands in the path.
  var replaceExample: JSONValue? {
    guard case .object(var object)? = createExample else { return nil }
    object["id"] = nil
    return .object(object)
  }

  /// A merge patch that changes one field.
  var updateExample: JSONValue? {
    for field in ResourceSchemas.writable(resource) where !field.isImmutable && field.write == nil {
      if case .ref = field.type { continue }
      guard let value = FieldExample.value(field.type, name: field.name) else { continue }
      return .object([field.name: value])
    }
    return nil
  }

  /// A page with one record.
  var listExample: JSONValue? {
    example.map { ["data": [$0], "page": ["limit": 20, "next": nil, "previous": nil]] }
  }
}
