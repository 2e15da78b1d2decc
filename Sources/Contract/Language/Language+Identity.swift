extension Language {
  static let identity = MappingGrammar(
    "identity", "Who callers are.",
    [
      Key("password", .object(password), "Rules for passwords.", later: "passwords"),
      Key("tokens", .object(tokens), "How long tokens live."),
      Key("factors", .list(.word(["totp", "passkey"]), count: 0...2), "Second factors.", later: "second factors"),
      Key("providers", .map(.name, .object(provider)), "Where users may log in with an account of theirs.", later: "identity providers"),
      Key("issuers", .map(.name, .object(issuer)), "Whose tokens are accepted here."),
      Key("claims", .map(.name, .text(.type)), "What caller.NAME may be used, and its type."),
    ])

  static let password = MappingGrammar(
    "password", "Rules for passwords.", [Key("minimum", .integer(8...128), "The least number of characters.")])

  static let tokens = MappingGrammar(
    "tokens", "How long tokens live.",
    [
      Key("access", duration, "A token that is sent with every request.", later: "logins"),
      Key("refresh", duration, "A token that gets new ones.", later: "refresh tokens"),
    ])

  static let provider = MappingGrammar(
    "provider", "An OpenID provider.",
    [
      Key("issuer", .text(.url(["https", "http"])), "Its issuer URL.", required: true),
      Key("client_id", .text(.text(max: 1024)), "What it knows this service as.", required: true),
      Key("client_secret", .text(.text(max: 4096)), "The secret shared with it.", secret: true),
      Key("scopes", .list(.text(.text(max: 256)), count: 0...50), "What is asked for."),
    ])

  static let issuer = MappingGrammar(
    "issuer", "An issuer of tokens that are accepted here.",
    [
      Key("issuer", .text(.filled(max: 2048)), "What its tokens say under `iss`.", required: true),
      Key(
        "audience", .text(.filled(max: 2048)), "What they must say under `aud`: without it tokens made for others would be accepted.",
        required: true),
      Key("jwks", .text(.filled(max: 1024)), "A file with its keys: a JWK set or PEM, relative to the contract.", required: true),
      Key("roles", .object(roleMapping), "Which roles its tokens give."),
    ])

  static let roleMapping = MappingGrammar(
    "role_mapping", "How a claim becomes roles.",
    [
      Key("from", .text(.filled(max: 256)), "The claim: a text or a list of texts.", required: true),
      Key("map", .map(.text(max: 256), .oneOrMany(name)), "Which value gives which role.", required: true),
    ])
}
