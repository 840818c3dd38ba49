import ObjectStorage

/// How a store treats a condition on one kind of write.
enum ConditionSupport: String, Sendable, Hashable {
    /// Of racing writes under one condition, one wins.
    case atomic
    /// Checked, but two racing writes may both win.
    case raced
    /// Ignored.
    case ignored
    /// The whole request is rejected, so the header must be left out. The text is that of results kept in buckets.
    case rejected = "refused"
}

/// What is known of a store. Before the probe, the cautious assumptions: everything works with them, only slower.
struct StoreTraits: Sendable, Hashable {
    var put = ConditionSupport.ignored
    var complete = ConditionSupport.ignored
    var delete = ConditionSupport.ignored
    var listsInByteOrder = false
    /// Whether a plus sign in an encoded listing stands for a space (form encoding, AWS) or for itself.
    var plusIsSpace = true
    /// Whether CompleteMultipartUpload returns the ETag that the object has from then on.
    var completeTellsETag = false

    var allAtomic: Bool { put == .atomic && complete == .atomic && delete == .atomic }

    func support(for operation: StorageError.Operation) -> ConditionSupport {
        switch operation {
        case .completeUpload: complete
        case .delete: delete
        default: put
        }
    }

    func capabilities(partSize: Int) -> StorageCapabilities {
        StorageCapabilities(
            // The bytes read ahead, one more read, and what the connection to the reader holds.
            partSize: partSize, streamBytes: 1 << 20, conditionalPut: put == .atomic,
            conditionalComplete: complete == .atomic,
            conditionalDelete: delete == .atomic, listsInByteOrder: listsInByteOrder)
    }
}
