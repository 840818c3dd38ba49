import Testing

@testable import tintype

@Suite("Descriptors")
struct DescriptorPlanTests {
    @Test(
        "Connections, files, storage and the ops listener fit below the limit",
        arguments: [128, 256, 1024, 4096, 65_536])
    func fits(limit: Int) {
        let plan = DescriptorPlan(limit: limit)
        #expect(plan.connections >= 8 && plan.operationsConnections >= 8 && plan.storageConnections >= 8)
        let copies = min(64, limit / 16)
        // One file for each connection, or the pools of connections to the store.
        let most =
            plan.connections + plan.operationsConnections + copies
            + max(plan.connections, 2 * plan.storageConnections)
        #expect(most + 40 <= limit)
    }

    @Test("If there are enough descriptors, or no limit, nothing is reduced", arguments: [65_536, 1_048_576, nil])
    func usual(limit: Int?) {
        let plan = DescriptorPlan(limit: limit)
        #expect(plan.connections == DescriptorPlan.usualConnections)
        #expect(plan.storageConnections == DescriptorPlan.usualStorageConnections)
    }

    @Test("A limit that is too low leaves some descriptors for each kind", arguments: [0, 16, 64])
    func least(limit: Int) {
        #expect(DescriptorPlan(limit: limit).connections == 8)
    }
}
