// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]
/// For what runs on the way of every call. Swift's checks at run time that no variable is changed
/// while it is read cost a tenth of a small call; debug builds, and so the tests, keep them.
let hot =
    strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// A Swift library target of ours; every one is built with the same strict settings.
func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The unit or integration tests of the target `name`, under `Tests/<name>Tests`.
func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.byName(name: name)] + dependencies,
        exclude: exclude,
        swiftSettings: strict)
}

/// Code that takes bytes from strangers, driven by bytes: tests over seeds, or, with LEHR_FUZZ in the
/// environment, the program of a fuzzer, for a build with `--sanitize=fuzzer`.
func fuzzing(_ dependencies: [Target.Dependency]) -> Target {
    let path = "Tests/LehrFuzzTests"
    let data = ["Seeds", "http2.dict"]
    guard Context.environment["LEHR_FUZZ"] == nil else {
        return .executableTarget(
            name: "lehr-fuzz", dependencies: dependencies, path: path,
            exclude: data + ["SeedTests.swift"], swiftSettings: strict)
    }
    return .testTarget(
        name: "LehrFuzzTests", dependencies: dependencies, path: path,
        exclude: data + ["Fuzzer.swift"], swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")

let package = Package(
    name: "lehr",
    products: [
        .executable(name: "lehr", targets: ["lehr"]),
        .executable(name: "lehr-sim", targets: ["lehr-sim"]),
        .executable(name: "lehr-soak", targets: ["lehr-soak"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        // As Hummingbird asks for it.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        // Its traits would bring Foundation, whose tables are larger than Lehr.
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        // C: system libraries, generated protobuf-c, and the few inline kernels.
        .systemLibrary(
            name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]
        ),
        .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CLehrWire", dependencies: ["CProtobufC"]),
        .target(name: "CLehrKernels"),
        .systemLibrary(name: "CLinux"),

        // Base.
        library("LehrCore"),

        // Domain: pure values, no sockets, no ambient time or randomness.
        library("LehrMembership", ["LehrCore", "LehrTable", heap]),
        library("LehrPlacement", ["LehrCore"]),
        library("LehrTable", ["LehrCore", "CLehrKernels"], hot),
        library("LehrGraph", ["LehrCore", "CDNNL", "CLehrKernels"]),
        library(
            "LehrModel",
            ["LehrCore", "LehrGraph", "LehrTable", "LehrData", "CLehrKernels", "LehrYAML"]),
        library("LehrYAML", ["CYAML"]),
        library("LehrData", ["LehrCore", "CZlib"]),
        library("LehrArtifact", ["LehrCore", "LehrTable", "COpenSSL"]),
        library("LehrRetrieval", ["LehrCore", "CLehrKernels"]),

        // Contract.
        library("LehrWire", ["LehrCore", "CLehrWire", "CProtobufC"], hot),
        library("LehrRPC", ["LehrCore", "LehrWire", heap], hot),

        // Transport.
        library("LehrReactor", ["LehrCore", "LehrRPC", "CLinux"], hot),
        library(
            "LehrHTTP2",
            ["LehrCore", "LehrRPC", "LehrReactor", "LehrWire", "CNGHTTP2", "CZlib", deque], hot),
        library("LehrTLS", ["LehrCore", "LehrRPC", "LehrReactor", "COpenSSL"], hot),

        // Who is who: certificates and tokens, and their files.
        library("LehrIdentity", ["LehrCore", "LehrRPC", "COpenSSL"]),

        // The cluster's protocol as its members speak it: translation, membership, pull and push.
        library(
            "LehrCluster",
            [
                "LehrCore", "LehrMembership", "LehrTable", "LehrRPC", "LehrWire", "CLehrWire",
                logging,
            ]),

        // Edge.
        library(
            "LehrWebServer",
            [
                "LehrCore", "LehrWeb", hummingbird, hummingbirdCore, nioCore, nioPosix, httpTypes,
                logging, coreMetrics, lifecycle,
            ]),
        library("LehrWeb", ["LehrCore", coreMetrics]),

        // Roles.
        library(
            "LehrCoordinator",
            [
                "LehrCore", "LehrMembership", "LehrPlacement", "LehrModel", "LehrTable", "LehrData",
                "LehrCluster", "LehrRPC", "LehrWire", "CLehrWire", "CSQLite", logging,
            ]),
        library(
            "LehrShard",
            [
                "LehrCore", "LehrMembership", "LehrTable", "LehrCluster", "LehrRPC", "LehrWire",
                "CLehrWire", logging,
            ]),
        library(
            "LehrWorker",
            [
                "LehrCore", "LehrMembership", "LehrModel", "LehrGraph", "LehrData", "LehrTable",
                "LehrRetrieval", "LehrCluster", "LehrRPC", "LehrWire", "CLehrWire", logging,
            ]),
        library(
            "LehrServing",
            ["LehrCore", "LehrWeb", "LehrArtifact", "LehrRetrieval", logging, metrics, lifecycle]),

        // Measurements.
        library(
            "LehrBench",
            [
                "LehrCore", "LehrRPC", "LehrWire", "CLehrWire", "LehrReactor", "LehrHTTP2",
                "CLinux", "LehrTLS", "LehrIdentity", "LehrTable", "CLehrKernels", "LehrCluster",
                "LehrMembership", "LehrShard", "LehrCoordinator", "LehrPlacement", logging,
            ]),

        // Composition and executables.
        library(
            "LehrNode",
            [
                "LehrCore", "LehrMembership", "LehrPlacement", "LehrTable", "LehrModel", "LehrData",
                "LehrArtifact", "LehrRetrieval", "LehrCluster", "LehrWire", "CLehrWire", "LehrRPC",
                "LehrReactor", "LehrHTTP2", "LehrTLS", "LehrIdentity",
                "LehrWeb", "LehrWebServer", "LehrCoordinator", "LehrShard", "LehrWorker",
                "LehrServing", "LehrBench", "LehrYAML", argumentParser, logging, metrics, lifecycle,
            ]),
        .executableTarget(name: "lehr", dependencies: ["LehrNode"], swiftSettings: strict),
        .executableTarget(
            name: "lehr-soak",
            dependencies: [
                "LehrCore", "LehrRPC", "LehrReactor", "LehrHTTP2", "LehrWire", "CLinux",
                argumentParser,
            ], swiftSettings: strict),
        .executableTarget(
            name: "lehr-sim", dependencies: ["LehrTestKit", argumentParser], swiftSettings: strict),

        // Test support and tests.
        library(
            "LehrTestKit",
            [
                "LehrCore", "LehrMembership", "LehrPlacement", "LehrTable", "LehrData", "LehrRPC",
                "LehrWire", "CLehrWire", "LehrCluster", "LehrCoordinator", "LehrShard",
                "LehrWorker", "LehrServing", "LehrWeb", "LehrArtifact", "CSQLite", metrics, logging,
            ]),
        .target(
            name: "LehrTestSupport", dependencies: ["LehrCore", "COpenSSL"],
            path: "Tests/LehrTestSupport",
            swiftSettings: strict),
        tests("LehrCore"),
        tests("LehrWire", ["CLehrWire"]),
        tests("LehrRPC", ["LehrCore", "LehrWire"]),
        tests("LehrIdentity", ["LehrCore", "LehrRPC"]),
        tests(
            "LehrHTTP2",
            [
                "LehrCore", "LehrRPC", "LehrReactor", "LehrTLS", "LehrWire", "CLehrWire", "CLinux",
                "LehrTestSupport",
            ]),
        tests(
            "LehrTLS",
            [
                "LehrCore", "LehrRPC", "LehrReactor", "LehrHTTP2", "LehrWire", "LehrTestSupport",
                "COpenSSL",
            ]),
        fuzzing([
            "LehrCore", "LehrRPC", "LehrReactor", "LehrHTTP2", "LehrIdentity", "LehrWire",
            "CLehrWire", "LehrCluster", "LehrMembership", "LehrArtifact", "LehrTable", "LehrModel",
            "LehrYAML", "LehrTestSupport",
        ]),
        tests("LehrMembership", ["LehrCore", "LehrTable"]),
        tests("LehrPlacement", ["LehrCore"]),
        tests("LehrTable", ["LehrCore", "CLehrKernels"], exclude: ["Fixtures"]),
        tests("LehrGraph", ["LehrCore"], exclude: ["Fixtures"]),
        tests("LehrYAML"),
        tests("LehrModel", ["LehrCore", "LehrData", "LehrGraph", "LehrTable"]),
        tests("LehrData", ["LehrCore", "LehrTestSupport"]),
        tests("LehrArtifact", ["LehrCore", "LehrTable", "LehrTestSupport"]),
        tests("LehrRetrieval", ["LehrCore", "LehrData"]),
        tests(
            "LehrCluster",
            [
                "LehrCore", "LehrMembership", "LehrTable", "LehrRPC", "LehrWire", "CLehrWire",
                "LehrTestKit", logging,
            ]),
        tests(
            "LehrCoordinator",
            [
                "LehrCore", "LehrCluster", "LehrMembership", "LehrPlacement", "LehrTable",
                "LehrData", "LehrTestKit", "LehrTestSupport", "LehrRPC", "LehrWire", "CLehrWire",
                "CSQLite", logging,
            ]),
        tests(
            "LehrShard",
            [
                "LehrCore", "LehrCluster", "LehrMembership", "LehrTable", "LehrTestKit", "LehrRPC",
                "LehrWire", "CLehrWire",
            ]),
        tests("LehrWorker", ["LehrCore"]),
        tests("LehrWeb", ["LehrCore", "LehrWebServer", coreMetrics, lifecycle, logging]),
        tests(
            "LehrServing",
            [
                "LehrCore", "LehrWeb", "LehrWebServer", "LehrArtifact", "LehrRetrieval", logging,
                lifecycle,
            ]),
        tests("LehrBench", ["LehrCore", "LehrReactor"]),
        tests(
            "LehrNode",
            [
                "LehrCore", "LehrMembership", "LehrReactor", "LehrRPC", "LehrTLS", argumentParser,
                logging,
            ]),
        tests(
            "LehrTestKit",
            [
                "LehrCore", "LehrCluster", "LehrCoordinator", "LehrData", "LehrMembership",
                "LehrRPC", "LehrShard", "LehrTable", "LehrWire", "LehrWorker", "CLehrWire",
                "CSQLite",
            ]),
    ]
)
