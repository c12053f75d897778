import LehrRPC
import Testing

@testable import LehrNode

@Suite struct ConnectionAllowanceTests {
    @Test func aCoordinatorTakesAllMembersWhereDescriptorsReach() {
        let allowance = ConnectionAllowance(descriptors: 1 << 20)
        #expect(allowance.connections == 51_000 && allowance.advice == nil)
        #expect(allowance.limits.connectionsMax == 51_000)
        #expect(allowance.limits.connectionsPerPeerMax == 12_750)
    }

    @Test func fewDescriptorsAreSaid() {
        let allowance = ConnectionAllowance(descriptors: 4096)
        #expect(allowance.connections == 3596)
        #expect(allowance.limits.connectionsPerPeerMax == RPCLimits().connectionsPerPeerMax)
        let advice = allowance.advice ?? ""
        #expect(advice.contains("may open 4096 files, hence 3596 connections"))
        #expect(advice.contains("51500 (`ulimit -Hn`"))
        #expect(ConnectionAllowance(descriptors: 64).connections == 500)
    }
}
