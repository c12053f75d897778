import Glibc

/// Waits on the calling thread.
enum Pause {
    /// Not shorter, whatever signals come meanwhile.
    static func seconds(_ seconds: Double) {
        let whole = seconds.rounded(.down)
        var wanted = timespec(tv_sec: Int(whole), tv_nsec: Int((seconds - whole) * 1e9))
        var rest = timespec()
        while nanosleep(&wanted, &rest) != 0, errno == EINTR { wanted = rest }
    }
}
