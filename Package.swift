// swift-tools-version: 6.3
import PackageDescription

/// The language mode of every target: Swift 6, warnings are errors.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]
/// For targets that touch C: every unsafe use is marked and says why.
let memorySafe: [SwiftSetting] = strict + [.strictMemorySafety()]

func library(_ name: String, _ package: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/CShims/\(name)", pkgConfig: package,
    providers: [.apt(["lib\(package)-dev"])])
}

/// A layer's target: it may import only what stands above it in this list (the tidy test checks it).
func room(_ name: String, _ dependencies: [String] = [], unsafe: Bool = false) -> Target {
  .target(
    name: name, dependencies: dependencies.map { .init(stringLiteral: $0) },
    swiftSettings: unsafe ? memorySafe : strict)
}

func tests(_ name: String, _ dependencies: [String]) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: (dependencies + [name, "TestSupport"]).map { .init(stringLiteral: $0) },
    swiftSettings: strict)
}

let package = Package(
  name: "martlet",
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "Martlet", targets: ["Martlet"]),
    .executable(name: "martlet", targets: ["MartletCommand"]),
  ],
  targets: [
    // C shims
    library("CUV", "libuv"),
    library("COpenSSL", "libcrypto"),
    library("CSQLite", "sqlite3"),
    library("CPostgres", "libpq"),
    library("CYAML", "yaml-0.1"),
    library("CZlib", "zlib"),
    library("CBrotli", "libbrotlienc"),
    .target(
      name: "CRE2", path: "Sources/CShims/CRE2", linkerSettings: [.linkedLibrary("re2")]),
    .target(name: "CSpawn", path: "Sources/CShims/CSpawn"),
    // ground
    room("Base", ["CSpawn"], unsafe: true),
    room("JSON", ["Base"], unsafe: true),
    room("CSV", ["Base"]),
    room("YAML", ["Base", "CYAML"], unsafe: true),
    room("Pattern", ["Base", "CRE2"], unsafe: true),
    room("JSONSchema", ["Base", "JSON", "Pattern"]),
    room("Crypto", ["Base", "COpenSSL"], unsafe: true),
    room("Expression", ["Base", "JSON"]),
    room("Backup", ["Base", "JSON", "Crypto"]),
    // domain
    room("Contract", ["Base", "JSON", "YAML", "Pattern", "JSONSchema", "Expression"]),
    // machinery
    room("Telemetry", ["Base", "JSON"]),
    room("Reactor", ["Base", "CUV"], unsafe: true),
    room("HTTP", ["Base", "Reactor", "CZlib", "CBrotli"], unsafe: true),
    // stores
    room("Store", ["Base", "JSON", "Expression", "Contract"]),
    room("SQLiteStore", ["Base", "JSON", "Crypto", "Backup", "Contract", "Reactor", "Store", "CSQLite"], unsafe: true),
    room("PostgresStore", ["Base", "JSON", "Backup", "Contract", "Reactor", "Store", "CPostgres"], unsafe: true),
    // application
    room("Identity", ["Base", "JSON", "Crypto", "Contract"]),
    room(
      "Service",
      ["Base", "JSON", "CSV", "Pattern", "JSONSchema", "Crypto", "Expression", "Contract", "Telemetry", "Store", "Identity"]),
    // adapters
    room("REST", ["Base", "JSON", "JSONSchema", "Crypto", "Expression", "Contract", "Telemetry", "HTTP", "Store", "Identity", "Service"]),
    // face
    room("Bench", ["Base", "JSON", "Contract", "Store", "SQLiteStore", "Service"]),
    room(
      "Martlet",
      [
        "Base", "JSON", "Crypto", "Backup", "Contract", "Telemetry", "Reactor", "HTTP", "Store", "SQLiteStore", "PostgresStore",
        "Identity", "Service", "REST",
      ]),
    .executableTarget(
      name: "MartletCommand",
      dependencies: [
        "Base", "JSON", "Backup", "Contract", "Telemetry", "Reactor", "Store", "SQLiteStore", "PostgresStore", "Identity", "Service",
        "REST", "Bench",
        "Martlet",
      ],
      swiftSettings: strict,
      // The language's libraries as part of the command: calls into them take no table, and it runs where no toolchain is. Of the
      // command alone, so that packages that use the library may.
      linkerSettings: [.unsafeFlags(["-static-stdlib"], .when(platforms: [.linux], configuration: .release))]),
    // tests
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    tests("Base", []),
    tests("JSON", ["Base"]),
    tests("CSV", ["Base"]),
    tests("YAML", ["Base"]),
    tests("Pattern", []),
    tests("JSONSchema", ["Base", "JSON"]),
    tests("Crypto", ["Base"]),
    tests("Backup", ["Base", "JSON", "Crypto"]),
    tests("Expression", ["Base", "JSON", "Pattern"]),
    tests("Contract", ["Base", "JSON", "JSONSchema", "Expression"]),
    tests("Telemetry", ["Base"]),
    tests("Reactor", ["Base"]),
    .systemLibrary(
      name: "CBrotliDecoder", path: "Tests/CBrotliDecoder", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
    tests("HTTP", ["Base", "Reactor", "CZlib", "CBrotliDecoder"]),
    tests("Store", ["Base", "JSON", "Crypto", "Backup", "Expression", "Contract", "SQLiteStore", "PostgresStore", "Reactor"]),
    tests("Identity", ["Base", "JSON", "Crypto", "Contract"]),
    tests(
      "Service",
      ["Base", "JSON", "Crypto", "Expression", "Contract", "Reactor", "Store", "SQLiteStore", "PostgresStore", "Identity"]),
    tests("REST", ["Base", "JSON", "JSONSchema", "Contract", "HTTP", "Store", "Service", "Identity", "Telemetry"]),
    tests("Martlet", ["Base", "JSON", "Contract", "Telemetry", "Store", "SQLiteStore", "Identity", "Service"]),
    tests("Bench", ["Base", "Contract", "Store", "SQLiteStore"]),
    .testTarget(
      name: "SimulationTests", dependencies: ["Base", "Reactor", "HTTP", "Store", "PostgresStore", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "TidyTests", swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)

// Measurements against other libraries (script/bench): not built otherwise.
if Context.environment["MARTLET_BENCHMARKS"] != nil {
  package.targets += [
    library("CJansson", "jansson"),
    .executableTarget(
      name: "Benchmarks", dependencies: ["Base", "JSON", "Crypto", "Contract", "Reactor", "HTTP", "Identity", "CJansson"],
      swiftSettings: memorySafe),
  ]
}
// The fuzzers' entry (script/fuzz): a static library that libFuzzer's main is linked with.
if Context.environment["MARTLET_FUZZ"] != nil {
  package.products.append(.library(name: "Fuzz", type: .static, targets: ["Fuzz"]))
  package.targets += [
    room("Fuzz", ["Base", "JSON", "Pattern", "JSONSchema", "Expression", "Contract", "HTTP", "Identity"], unsafe: true)
  ]
}
