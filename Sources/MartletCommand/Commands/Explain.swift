import Base
import Contract
import Identity
import Martlet
import REST
import Reactor
import Service
import Store

let explainCommand = Command(
  name: "explain", operands: "METHOD PATH", operandCount: 2...2,
  summary: "Shows what a request does: its rule, its statements and the store's plans. Changes nothing.",
  flags: [
    .contract, Flag("as", "ID", "whom the caller stands for"), Flag("role", "ROLE", "a role of the caller", mayRepeat: true),
  ], run: explain)

private func explain(_ invocation: Invocation) async throws(CommandFailure) -> ExitCode {
  let contract = try invocation.contract()
  let method = invocation.operands[0].uppercased()
  let target = invocation.operands[1]
  let group: EventLoopGroup
  do {
    group = try EventLoopGroup(count: 1)
  } catch {
    throw CommandFailure(.failed, "\(error)")
  }
  let inner: any Store
  do throws(StartError) {
    inner = try await StoreOpening.open(contract.store, group: group, threads: 1, isReadOnly: true)
  } catch {
    throw CommandFailure(error.reason == .unreachable ? .unreachable : .failed, error.description)
  }
  let store = WatchedStore(inner)
  let key: ServiceKey
  do { key = try ServiceKey.ephemeral() } catch { throw CommandFailure(.failed, "\(error)") }
  let layout: Layout
  do throws(SchemaError) {
    layout = try await SchemaManager().layout(inner, contract)
  } catch {
    throw CommandFailure(.unreachable, error.description)
  }
  let engine = Engine(contract: contract, layout: layout, store: store, key: key, verifier: nil)
  var caller = Caller.anonymous
  if let id = invocation["as"] {
    caller.id = UUID(id) ?? UUID(high: 0, low: 0)
    caller.subject = id
    caller.issuer = TokenMinter.issuer(of: contract.service.name)
    caller.roles = invocation.all("role").sorted()
  }
  let context = RequestContext(requestID: "explain", ip: "127.0.0.1", method: method, time: SystemClock().now)
  let operation: Operation
  do throws(Failure) {
    operation = try RequestText.operation(method: method, target: target, contract: contract, caller: caller, context: context)
  } catch {
    throw CommandFailure(.usage, "\(error.code.rawValue): \(error.detail)")
  }
  Output.result("\(method) \(target)\n\nrule      \(engine.ruleText(of: operation.action, resource: operation.resource) ?? "none")\n")
  Output.result(
    "caller    \(engine.grantText(of: operation.action, resource: operation.resource, caller: caller, context: context) ?? "none")\n")
  do throws(Failure) {
    let answer = try await engine.perform(operation)
    Output.result("answer    \(answer.status.rawValue), \(answer.body.count) bytes\n")
  } catch {
    Output.result("answer    \(error.code.status) \(error.code.rawValue): \(error.detail)\n")
  }
  await explain(store)
  await store.close()
  group.stop()
  return .done
}

/// Every statement with the store's plan for it.
private func explain(_ store: WatchedStore) async {
  for (place, asked) in store.statements.enumerated() {
    Output.result("\nstatement \(place + 1)\n  \(asked.statement.text)\n")
    do {
      let rows = try await store.inspect(store.dialect.explanation(of: asked.statement), asked.values)
      for step in QueryPlan(rows, of: asked.statement, dialect: store.dialect).steps {
        Output.result("  | \(step.text)\(step.readsWholeTable ? "   <- reads the whole table" : "")\n")
      }
    } catch {
      Output.result("  | \(error)\n")
    }
  }
}
