import Logging
import NIOCore
import NIOHTTP1
public import ObjectStorage

extension S3Storage {
    /// Creates the bucket. It is no error if it is there already and can be used.
    public func createBucket() async throws(StorageError) {
        let deadline = client.deadline()
        if try await bucketExists(until: deadline) { return }
        var request = S3Request(.createBucket, .PUT)
        // AWS requires the region everywhere but in its oldest one, where it refuses it. Other stores have one region,
        // and some refuse any name for it.
        if configuration.endpoint == nil, configuration.region != "us-east-1" {
            request.body = ByteBuffer(
                string: """
                    <CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
                    <LocationConstraint>\(configuration.region)</LocationConstraint></CreateBucketConfiguration>
                    """)
        }
        do throws(S3RequestError) {
            _ = try await client.send(request, until: deadline)
            logger.info("bucket created", metadata: ["bucket": "\(configuration.bucket)"])
        } catch {
            // Another replica may have been faster.
            if error.s3Error?.status == 409, try await bucketExists(until: deadline) { return }
            throw error.storageError
        }
    }

    private func bucketExists(until deadline: ContinuousClock.Instant) async throws(StorageError) -> Bool {
        do throws(S3RequestError) {
            _ = try await client.send(S3Request(.createBucket, .HEAD), until: deadline)
            return true
        } catch  where error.s3Error?.status == 404 {
            return false
        } catch {
            throw error.storageError
        }
    }
}
