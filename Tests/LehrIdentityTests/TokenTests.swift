import LehrCore
import LehrRPC
import Testing

@testable import LehrIdentity

@Suite struct TokenTests {
    private static let now = UnixTime(1_800_000_000)

    /// Two tokens, one of which ends after a day.
    private struct Scene {
        let files = MemoryFiles()
        let file: TokenFile
        let ann: AccessToken
        let bob: AccessToken

        init() throws {
            file = TokenFile("tokens", files: files)
            ann = try file.create("ann", now: now, expires: nil)
            bob = try file.create("bob", now: now, expires: now + UnixTime.secondsPerDay)
        }

        func watched(at time: UnixTime = now) throws -> WatchedTokens {
            try WatchedTokens("tokens", files: files) { time }
        }

        var text: String { String(decoding: files.contents["tokens"] ?? [], as: UTF8.self) }
    }

    @Test func aTokenIsLongRandomAndRecognisable() throws {
        let scene = try Scene()
        #expect(scene.ann.text.hasPrefix("lehr_"))
        #expect(scene.ann.text.utf8.count == 69)
        #expect(scene.ann.text != scene.bob.text)
        #expect(AccessToken(scene.ann.text)?.text == scene.ann.text)
        for wrong in [
            "", "lehr_", "lehr_" + String(repeating: "A", count: 64), scene.ann.text + "0",
        ] {
            #expect(AccessToken(wrong) == nil)
        }
    }

    @Test func theSecretIsKeptAndPrintedNowhere() throws {
        let scene = try Scene()
        let secret = String(scene.ann.text.dropFirst(5))
        #expect(!scene.text.contains(secret))
        #expect(scene.text.contains("ann "))
        #expect(scene.files.isPrivate.contains("tokens"))
        var dumped = ""
        dump(scene.ann, to: &dumped)
        for text in ["\(scene.ann)", String(reflecting: scene.ann), dumped] {
            #expect(!text.contains(secret))
        }
    }

    @Test func tokensAreVerified() throws {
        let scene = try Scene()
        let tokens = try scene.watched()
        #expect(tokens.verify(scene.ann.text) == .valid(name: "ann"))
        #expect(tokens.verify(scene.bob.text) == .valid(name: "bob"))
        for wrong in [try AccessToken.make().text, String(scene.ann.text.dropLast())] {
            guard case .refused(let reason) = tokens.verify(wrong) else {
                Issue.record("a wrong token was taken")
                continue
            }
            #expect(!reason.contains(wrong))
        }
        for nothing in ["", "x"] {
            if case .valid = tokens.verify(nothing) { Issue.record("'\(nothing)' was taken") }
        }
        let tomorrow = try scene.watched(at: Self.now + UnixTime.secondsPerDay)
        #expect(tomorrow.verify(scene.ann.text) == .valid(name: "ann"))
        guard case .refused(let reason) = tomorrow.verify(scene.bob.text) else {
            Issue.record("an expired token was taken")
            return
        }
        #expect(reason.contains("'bob' has expired at 2027-01-16T08:00:00Z"))
    }

    /// The comparison looks at every byte: a digest that differs anywhere is another one.
    @Test func aDigestThatDiffersInOneBitIsAnother() throws {
        let token = try AccessToken.make()
        let digest = Hex.encode(try token.digest())
        func table(_ digest: String) throws -> TokenTable {
            try TokenTable(Array("ann \(digest) 2026-01-01T00:00:00Z never\n".utf8))
        }
        #expect(try table(digest).find(token)?.name == "ann")
        for index in 0..<32 {
            var bytes = try token.digest()
            bytes[index] ^= 1
            #expect(try table(Hex.encode(bytes)).find(token) == nil)
        }
    }

    @Test func theRightOneOfManyIsFound() throws {
        var table = TokenTable()
        var tokens: [AccessToken] = []
        for number in 0..<TokenTable.countMax {
            let token = try AccessToken.make()
            tokens.append(token)
            try table.add("n\(number)", token, created: Self.now, expires: nil)
        }
        for number in [0, 1, 500, 999] {
            #expect(try table.find(tokens[number])?.name == "n\(number)")
        }
        #expect(try TokenTable(table.bytes) == table)
        let surplus = try AccessToken.make()
        #expect(throws: IdentityError.self) {
            try table.add("one", surplus, created: Self.now, expires: nil)
        }
        let line = table.bytes.split(separator: UInt8(ascii: "\n"))[1]
        let more = String(decoding: line, as: UTF8.self).replacing("n0 ", with: "more ")
        #expect(throws: IdentityError.self) { try TokenTable(table.bytes + Array(more.utf8)) }
    }

    @Test func namesAreUniqueAndChecked() throws {
        let scene = try Scene()
        for name in ["ann", "", "a b", "a\nb"] {
            #expect(throws: IdentityError.self) {
                try scene.file.create(name, now: Self.now, expires: nil)
            }
        }
        #expect(throws: IdentityError.self) { try scene.file.revoke("carl") }
        #expect(try scene.file.load().entries.map(\.name) == ["ann", "bob"])
    }

    // MARK: - While a server runs

    @Test func aRevokedTokenEndsAndANewOneBegins() throws {
        let scene = try Scene()
        let tokens = try scene.watched()
        try scene.file.revoke("ann")
        let carl = try scene.file.create("carl", now: Self.now, expires: nil)
        tokens.reload()
        #expect(tokens.verify(scene.ann.text) != .valid(name: "ann"))
        #expect(tokens.verify(scene.bob.text) == .valid(name: "bob"))
        #expect(tokens.verify(carl.text) == .valid(name: "carl"))
        tokens.reload()
        #expect(tokens.counters == .init(reloads: 1, failures: 0))
    }

    @Test func aDamagedFileChangesNothing() throws {
        let scene = try Scene()
        let tokens = try scene.watched()
        var problems: [String] = []
        tokens.onProblem = { problems.append($0) }
        scene.files.put("tokens", Array("ann nonsense".utf8))
        tokens.reload()
        tokens.reload()
        #expect(problems.count == 1)
        #expect(problems.first?.contains("tokens, line 1") == true)
        #expect(problems.first?.contains("nonsense") == false)
        #expect(tokens.verify(scene.ann.text) == .valid(name: "ann"))
        #expect(throws: IdentityError.self) { try scene.watched() }
        #expect(throws: IdentityError.self) { try scene.file.load() }
    }

    @Test func aMissingFileEndsAllTokensUntilItIsBack() throws {
        let scene = try Scene()
        let tokens = try scene.watched()
        var problems = 0
        tokens.onProblem = { _ in problems += 1 }
        let bytes = scene.files.contents["tokens"]
        scene.files.put("tokens", nil)
        tokens.reload()
        tokens.reload()
        #expect(problems == 1)
        #expect(tokens.verify(scene.ann.text) != .valid(name: "ann"))
        #expect(throws: IdentityError.self) { try scene.watched() }
        scene.files.put("tokens", bytes)
        tokens.reload()
        #expect(tokens.verify(scene.ann.text) == .valid(name: "ann"))
    }

    /// Too long is one way of not being readable.
    @Test func aFileThatCannotBeReadLeavesTheTokensInForce() throws {
        let scene = try Scene()
        let tokens = try scene.watched()
        var problems: [String] = []
        tokens.onProblem = { problems.append($0) }
        let bytes = scene.files.contents["tokens"]
        scene.files.put("tokens", [UInt8](repeating: 0, count: TokenTable.fileBytesMax + 1))
        tokens.reload()
        tokens.reload()
        #expect(problems.count == 1)
        #expect(problems.first?.contains("stay in force") == true)
        #expect(tokens.verify(scene.ann.text) == .valid(name: "ann"))
        scene.files.put("tokens", bytes)
        tokens.reload()
        #expect(tokens.verify(scene.ann.text) == .valid(name: "ann"))
        #expect(problems.count == 1)
    }

    @Test func killedAnywhereTheFileIsTheOldOrTheNew() throws {
        let calm = try Scene()
        let before = calm.files.operations
        let old = calm.text
        try calm.file.revoke("ann")
        for death in 1...(calm.files.operations - before) {
            let scene = try Scene()
            let old = scene.files.contents["tokens"]
            scene.files.dieAt = scene.files.operations + death
            #expect(throws: (any Error).self) { try scene.file.revoke("ann") }
            #expect(scene.files.contents["tokens"] == old)
        }
        #expect(calm.text != old)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func mutatedFilesAreReadOrRefused(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let good = Array(try Scene().text.utf8)
        var refusals = 0
        for _ in 0..<1000 {
            var bytes = good
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[place] = UInt8(random.below(256))
                case 1: bytes.remove(at: place)
                default: bytes.removeLast(random.below(bytes.count - place))
                }
                if bytes.isEmpty { break }
            }
            guard let table = try? TokenTable(bytes) else {
                refusals += 1
                continue
            }
            // What is taken for a table says the same when it is written and read again.
            #expect(try TokenTable(table.bytes).bytes == table.bytes)
        }
        #expect(refusals > 100)
    }
}
