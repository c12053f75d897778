import LehrWire
import Testing

@testable import LehrRPC

@Suite struct AuthorizationTableTests {
    private static func may(_ role: PeerRole, _ path: String) -> Bool {
        AuthorizationTable.lehr[path]?.admits(role) ?? false
    }

    @Test func everyMethodOfTheProtosHasARuleAndEveryRuleAMethod() throws {
        let methods = try DescriptorPool.embedded().methodPaths
        #expect(methods.count > 20)
        let ruled = Set(AuthorizationTable.lehr.paths)
        #expect(Set(methods).subtracting(ruled).isEmpty, "say in AuthorizationTable who may call")
        #expect(
            ruled.subtracting(methods).isEmpty, "AuthorizationTable speaks of what is not there")
    }

    @Test func onlyWorkersChangeRows() {
        let changing = [
            ShardMethods.push.path, ShardMethods.inquireStep.path, ShardMethods.commitStep.path,
            ShardMethods.abortStep.path, CoordinatorMethods.acquireTask.path,
            CoordinatorMethods.reportTask.path,
        ]
        for path in changing {
            #expect(PeerRole.allCases.filter { Self.may($0, path) } == [.worker], "\(path)")
        }
    }

    @Test func onlyPeopleStartAndStopJobs() {
        for path in [CoordinatorMethods.submitJob.path, CoordinatorMethods.stopJob.path] {
            #expect(PeerRole.allCases.filter { Self.may($0, path) } == [.client], "\(path)")
        }
    }

    @Test func onlyMembersJoin() {
        let path = CoordinatorMethods.join.path
        #expect(PeerRole.allCases.filter { Self.may($0, path) } == [.shard, .worker, .serving])
    }

    @Test func anUnknownRoleMayDoNothing() {
        for path in AuthorizationTable.lehr.paths {
            #expect(AuthorizationTable.lehr[path]?.admits(nil) == false)
        }
    }
}
