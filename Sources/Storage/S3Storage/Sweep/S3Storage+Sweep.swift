import Logging
import NIOHTTP1
public import ObjectStorage
import TextCoding

extension S3Storage {
    /// Aborts unfinished multipart uploads of this server that were begun longer ago than `age`. Only uploads with a
    /// marker are aborted, so other programs' uploads in the same bucket are left alone.
    ///
    /// - Throws: ``StorageError`` if the markers cannot be listed; the report counts single ones that fail.
    @discardableResult
    public func sweepUploads(olderThan age: Duration) async throws(StorageError) -> SweepReport {
        let latest = Timestamp(seconds: client.now().seconds - age.components.seconds)
        var report = SweepReport()
        try await forEachOwn(UploadMarker.folder) { item throws(StorageError) in
            do throws(S3RequestError) {
                try await self.sweep(markerAt: item, begunBefore: latest, report: &report)
            } catch {
                self.note(error.storageError, in: &report)
            }
        }
        try await sweepProbes(begunBefore: latest, report: &report)
        return report
    }

    /// Removes what an interrupted probe has left.
    private func sweepProbes(
        begunBefore latest: Timestamp, report: inout SweepReport
    ) async throws(StorageError) {
        do throws(S3RequestError) {
            for upload in try await uploads(prefix: Array((Self.ownPrefix + ProbeRun.folder).utf8))
            where upload.begun.map({ $0 <= latest }) ?? false {
                try await abortUpload(upload.id, of: upload.key)
                report.abortedUploads += 1
            }
        } catch {
            note(error.storageError, in: &report)
        }
        try await forEachOwn(ProbeRun.folder) { item throws(StorageError) in
            guard item.isNotAfter(latest) else { return }
            do throws(StorageError) {
                try await self.delete(item.key, ifMatch: nil)
                report.removedProbeObjects += 1
            } catch {
                self.note(error, in: &report)
            }
        }
    }

    private func note(_ error: StorageError, in report: inout SweepReport) {
        report.failures += 1
        logger.warning(
            "unfinished upload could not be swept", metadata: ["error": "\(error.debugDescription)"])
    }

    private func sweep(
        markerAt item: ObjectInfo, begunBefore latest: Timestamp, report: inout SweepReport
    ) async throws(S3RequestError) {
        // A marker that is too young by the store's clock is too young by any correct clock.
        guard item.isNotAfter(latest) else { return }
        let answer: S3Answer
        do throws(S3RequestError) {
            answer = try await client.send(S3Request(.listUploads, .GET, key: item.key), until: client.deadline())
        } catch  where meansMissing(error) {
            return
        }
        // An object that is not a marker stands for no upload.
        if let marker = UploadMarker(answer.body) {
            guard marker.begun <= latest else { return }
            if let id = marker.uploadID {
                try await abortUpload(id, of: marker.key)
                report.abortedUploads += 1
            } else {
                let unnamed = try await abortUnnamed(
                    marker, markedAt: item.lastModified ?? marker.begun, latest: latest)
                report.abortedUploads += unnamed.aborted
                // Only the marker leads to these: a slow store may have begun one long after it.
                guard unnamed.tooYoung == 0 else { return }
            }
        }
        _ = try await client.send(S3Request(.listUploads, .DELETE, key: item.key), until: client.deadline())
        report.removedMarkers += 1
    }

    /// The process ended between the marker and the store's answer. An upload of exactly this key that was begun
    /// shortly after the marker, and is itself old enough, cannot still be going on. One that was begun much later is
    /// somebody else's.
    private func abortUnnamed(
        _ marker: UploadMarker, markedAt: Timestamp, latest: Timestamp
    ) async throws(S3RequestError) -> (aborted: Int, tooYoung: Int) {
        var (aborted, tooYoung) = (0, 0)
        let first = min(markedAt.seconds, marker.begun.seconds)
        let last = max(markedAt.seconds, marker.begun.seconds) + Self.longestBeginning
        for upload in try await uploads(prefix: marker.key.bytes) where upload.key == marker.key {
            guard let begun = upload.begun, (first...last).contains(begun.seconds) else { continue }
            guard begun <= latest else {
                tooYoung += 1
                continue
            }
            try await abortUpload(upload.id, of: marker.key)
            aborted += 1
        }
        return (aborted, tooYoung)
    }

    /// How many seconds after the marker a slow store may begin an upload.
    private static let longestBeginning: Int64 = 120

    /// The unfinished uploads of all keys with this prefix.
    func uploads(
        prefix: [UInt8], until deadline: ContinuousClock.Instant? = nil
    ) async throws(S3RequestError) -> [UnfinishedUpload] {
        var found: [UnfinishedUpload] = []
        var markers: [QueryItem] = []
        repeat {
            // Not encoded: SeaweedFS says that it encodes here, and does not. Our keys are valid in XML.
            let query =
                [QueryItem("uploads"), QueryItem("prefix", prefix)] + markers
            let document = try await client.read(
                UploadsDocument.self, S3Request(.listUploads, .GET, query: query), until: deadline ?? client.deadline()
            ) { $0 }
            let names = NameDecoder(encodingType: document.encodingType, plusIsSpace: traits.plusIsSpace)
            for upload in document.uploads {
                guard let text = upload.key, let id = upload.uploadID, !id.isEmpty else { continue }
                let name = try Self.understand(.listUploads) { () throws(BadAnswer) in try names.decode(text) }
                // Some stores ignore the prefix.
                guard name.starts(with: prefix), let key = ObjectKey(name) else { continue }
                let begun = upload.initiated.flatMap { Timestamp(rfc3339: $0) ?? Timestamp(httpDate: $0) }
                found.append(UnfinishedUpload(key: key, id: id, begun: begun))
            }
            let next = try Self.nextMarkers(document, names: names)
            guard next.isEmpty || next != markers else {
                throw Self.badAnswer("a list of uploads that does not continue", during: .listUploads)
            }
            markers = next
        } while !markers.isEmpty
        return found
    }

    private static func nextMarkers(
        _ document: UploadsDocument, names: NameDecoder
    ) throws(S3RequestError) -> [QueryItem] {
        guard document.isTruncated == .cutOff, let marker = document.nextKeyMarker, !marker.isEmpty else { return [] }
        let key = try understand(.listUploads) { () throws(BadAnswer) in try names.decode(marker) }
        let id = document.nextUploadIDMarker.map { [QueryItem("upload-id-marker", $0)] } ?? []
        return [QueryItem("key-marker", key)] + id
    }

    /// Calls `body` with every object in one of this storage's own folders.
    private func forEachOwn(
        _ folder: String, _ body: (ObjectInfo) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        var request = ListRequest(prefix: Array((Self.ownPrefix + folder).utf8))
        repeat {
            let page = try await list(request, during: .listUploads, until: client.deadline())
            for item in page.items { try await body(item) }
            guard page.cursor == nil || page.cursor != request.cursor else {
                throw StorageError(.badAnswer, during: .listUploads, detail: "a listing that does not continue")
            }
            request.cursor = page.cursor
        } while request.cursor != nil
    }
}

/// A multipart upload that was neither completed nor aborted.
struct UnfinishedUpload: Sendable, Hashable {
    var key: ObjectKey
    var id: String
    /// By the store's clock.
    var begun: Timestamp?
}

extension ObjectInfo {
    /// Whether, by the store's time, it was written at this moment or before.
    fileprivate func isNotAfter(_ moment: Timestamp) -> Bool {
        lastModified.map { $0 <= moment } ?? false
    }
}
