extension StorageCapabilities {
    /// What an operator of several replicas should know, one sentence each; empty if the store keeps every promise.
    public var warnings: [String] {
        let writes = [
            ("PUT", conditionalPut), ("CompleteMultipartUpload", conditionalComplete), ("DELETE", conditionalDelete),
        ]
        return writes.filter { !$0.1 }.map { name, _ in
            "conditional \(name) is not atomic on this store, or not proven to be yet: it is checked just before the write, "
                + "which is safe within one process only"
        }
    }
}
