// swift-tools-version: 6.2
import PackageDescription

// The hash tables that `lehr bench table` puts beside Lehr's. A package of its own, so that it needs
// nothing but Debian's libabsl-dev and builds in seconds.
let package = Package(
    name: "lehr-table-benchmarks",
    targets: [
        .executableTarget(
            name: "absl-table",
            cxxSettings: [
                .unsafeFlags(["-Wall", "-Wextra", "-Werror"]),
                // SwiftPM leaves assertions in, which cost absl's lookups half as much again.
                .define("NDEBUG", .when(configuration: .release)),
            ],
            // By name: pkg-config's answer has linker flags in it that SwiftPM refuses.
            linkerSettings: [
                .linkedLibrary("absl_raw_hash_set"), .linkedLibrary("absl_hash"),
                .linkedLibrary("absl_hashtablez_sampler"),
            ])
    ],
    cxxLanguageStandard: .cxx17
)
