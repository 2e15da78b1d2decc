import Base
import Identity

/// What rules may know besides the record: the caller, the request and the time.
struct Facts: Sendable {
  let caller: Caller
  let context: RequestContext
}
