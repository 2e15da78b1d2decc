import Contract

let newCommand = Command(
  name: "new", operands: "NAME", operandCount: 1...1, summary: "Makes a folder with a contract that runs as it is.",
  flags: [Flag("template", "NAME", "what the contract begins with: \(ServiceTemplate.names) (default minimal)")],
  run: { (invocation: Invocation) async throws(CommandFailure) in
    let name = invocation.operands[0]
    let service = name.split(separator: "/").last.map(String.init) ?? ""
    guard Name.isSnakeCase(service) else {
      throw CommandFailure(.usage, "the name must be snake_case of at most \(Name.lengthMax) characters, such as my_shop")
    }
    guard let template = ServiceTemplate(rawValue: invocation["template"] ?? "minimal") else {
      throw CommandFailure(.usage, "--template must be one of: \(ServiceTemplate.names)")
    }
    try OutputFile.makeFolder(name)
    for (file, text) in template.files(of: service) { try OutputFile.write(text, to: name + "/" + file) }
    Output.words("Made \(name). Next: cd \(name) && martlet serve")
    return .done
  })

/// What a new service begins with.
enum ServiceTemplate: String, CaseIterable {
  case minimal, shop

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// By their names.
  func files(of service: String) -> [(name: String, text: String)] {
    [
      ("martlet.yaml", head(service) + (self == .minimal ? ServiceTemplate.notesText : ServiceTemplate.shopText)),
      ("policy_test.sh", ServiceTemplate.policyTest + (self == .minimal ? ServiceTemplate.notesPolicy : ServiceTemplate.shopPolicy)),
      ("compose.yaml", compose(service)), ("README.md", readme(service)), (".gitignore", "data/\n"),
    ]
  }

  private func head(_ service: String) -> String {
    """
    martlet: 1

    service:
      name: \(service)
      version: v1                       # the URL prefix: /v1

    store:
      url: ${DATABASE_URL:-sqlite:data/\(service).db}     # or postgres://user:password@host/database


    """
  }

  /// A PostgreSQL for development.
  private func compose(_ service: String) -> String {
    """
    # A PostgreSQL for development, seen by this machine alone:
    #
    #   docker compose up -d
    #   DATABASE_URL=postgres://postgres:development@127.0.0.1:5432/\(service) martlet serve
    services:
      database:
        image: postgres:17
        environment:
          POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-development}
          POSTGRES_DB: \(service)
        ports: ["127.0.0.1:5432:5432"]
        volumes: ["database:/var/lib/postgresql/data"]
        healthcheck:
          test: ["CMD", "pg_isready", "-U", "postgres"]
          interval: 2s
          timeout: 5s
          retries: 15
    volumes:
      database: {}

    """
  }

  private func readme(_ service: String) -> String {
    let (resource, body, role) =
      self == .minimal
      ? ("notes", #"{"title": "First"}"#, "")
      : ("products", #"{"sku": "TEA-01", "name": "Green tea", "price": {"amount": 499, "currency": "EUR"}}"#, " --role admin")
    return """
      # \(service)

      The whole backend is described in `martlet.yaml`.

          martlet serve                       # http://127.0.0.1:8080, its docs under /docs
          export TOKEN=$(martlet token --as ada\(role))
          curl -H "Authorization: Bearer $TOKEN" -d '\(body)' \\
               -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/\(resource)
          curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1/\(resource)

      `martlet check` tells what is wrong with the contract, `martlet explain GET /v1/\(resource) --as ada` what a request does.

      `sh policy_test.sh` starts a service of its own and asks it who may do what: every rule has a line for who may and one for who
      may not. It needs curl.

      It runs on SQLite in `data/`. `compose.yaml` is a PostgreSQL for development; its first lines say how to use it.

      """
  }
}
