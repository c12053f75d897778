import LehrCore
import LehrData
import LehrRPC

/// Blocks of data files for a core: from the cache, or read in slices so that the core's other work
/// (heartbeats above all) goes on in between.
final class BlockSource {
    private let core: any Core
    private let files: any FileSystem
    private var cache: BlockCache

    /// Lines read before other work gets a turn: about 2 ms.
    private static let linesAtOnce = 8192

    init(core: any Core, files: any FileSystem, byteLimit: Int) {
        self.core = core
        self.files = files
        cache = BlockCache(byteLimit: byteLimit)
    }

    /// Calls `completion` later, unless `isWanted` has turned false.
    func load(
        _ path: String, _ format: LineFormat, _ policy: MalformedLinePolicy,
        while isWanted: @escaping () -> Bool,
        _ completion: @escaping (Result<Block, DataError>) -> Void
    ) {
        if let block = cache.block(of: path) {
            core.post { if isWanted() { completion(.success(block)) } }
            return
        }
        do throws(DataError) {
            let loader = try BlockLoader(
                file: path, format: format, files: files, policy: policy,
                byteLimit: cache.byteLimit)
            core.post { self.step(loader, isWanted, completion) }
        } catch {
            core.post { if isWanted() { completion(.failure(error)) } }
        }
    }

    private func step(
        _ loader: BlockLoader, _ isWanted: @escaping () -> Bool,
        _ completion: @escaping (Result<Block, DataError>) -> Void
    ) {
        guard isWanted() else { return }
        do throws(DataError) {
            if let block = try loader.step(maxLines: Self.linesAtOnce) {
                try cache.insert(block)
                completion(.success(block))
            } else {
                core.post { self.step(loader, isWanted, completion) }
            }
        } catch {
            completion(.failure(error))
        }
    }
}
