import Contract

let newCommand = Command(
  name: "new", operands: "NAME", operandCount: 1...1, summary: "Makes a folder with a contract that runs as it is.", flags: [],
  run: { (invocation: Invocation) async throws(CommandFailure) in
    let name = invocation.operands[0]
    let service = name.split(separator: "/").last.map(String.init) ?? ""
    guard Name.isSnakeCase(service) else {
      throw CommandFailure(.usage, "the name must be snake_case of at most \(Name.lengthMax) characters, such as my_shop")
    }
    try OutputFile.makeFolder(name)
    try OutputFile.write(contractTemplate(service), to: name + "/martlet.yaml")
    try OutputFile.write(readmeTemplate(service), to: name + "/README.md")
    try OutputFile.write("data/\n", to: name + "/.gitignore")
    Output.words("Made \(name). Next: cd \(name) && martlet serve")
    return .done
  })

private func contractTemplate(_ service: String) -> String {
  """
  martlet: 1

  service:
    name: \(service)
    version: v1                       # the URL prefix: /v1

  store:
    url: ${DATABASE_URL:-sqlite:data/\(service).db}     # or postgres://user:password@host/database

  roles: [editor]

  resources:
    notes:
      description: What people write down.
      fields:
        owner: {ref: users, default: caller.id, immutable: true}      # whoever creates it
        title: {type: string, length: 1..200, required: true}
        body:  {type: text, length: 0..10000}
        pinned: {type: boolean, default: false}
      indexes: [[owner, -created_at]]
      access:                         # what is not granted is denied
        create: authenticated
        read:   record.owner == caller.id || caller.has_role("editor")
        update: record.owner == caller.id
        delete: record.owner == caller.id

  """
}

private func readmeTemplate(_ service: String) -> String {
  """
  # \(service)

  The whole backend is described in `martlet.yaml`.

      martlet serve                       # http://127.0.0.1:8080, its docs under /docs
      export TOKEN=$(martlet token --as ada)
      curl -H "Authorization: Bearer $TOKEN" -d '{"title": "First"}' \\
           -H 'Content-Type: application/json' http://127.0.0.1:8080/v1/notes
      curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/v1/notes

  `martlet check` tells what is wrong with the contract, `martlet explain GET /v1/notes --as ada` what a request does.

  """
}
