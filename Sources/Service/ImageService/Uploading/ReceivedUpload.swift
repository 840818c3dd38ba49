import Admission
import ImageModel
import NIOCore
import ObjectStorage

/// The body of an upload that has come as a whole and is a valid picture. It is still to be written.
struct ReceivedUpload: Sendable {
    enum Bytes: Sendable {
        /// In memory, to be written in one step.
        case whole(ByteBuffer)
        /// In the store, as parts that are not visible yet.
        case parts(any MultipartUpload)
    }

    var bytes: Bytes
    var info: ImageInfo
    var size: Int64
    /// Counts the bytes that are still in memory.
    var lease: UploadBudget<ClientIdentity>.Lease
    /// Counts a file that is in memory although it is longer than a part.
    var reservation: ByteBudget<ClientIdentity>.Reservation?

    /// Whether the whole upload is still in memory. Then it can be written again, and nothing is lost if the client
    /// sends it again.
    var isInMemory: Bool {
        if case .whole = bytes { true } else { false }
    }

    /// Gives back what it has in memory. To be called once it has been written or given up.
    func release() {
        lease.release()
        reservation?.release()
    }
}
