import LehrCore
import LehrIdentity

extension UnixTime {
    static var current: UnixTime { UnixTime(Int64(wallClockMilliseconds() / 1000)) }
}
