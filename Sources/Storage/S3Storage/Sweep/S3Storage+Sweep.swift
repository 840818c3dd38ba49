import Logging
import NIOHTTP1
public import ObjectStorage

extension S3Storage {
    /// Aborts unfinished multipart uploads of this server that were begun longer ago than `age`. Only those it has
    /// noted itself: other programs' uploads in the same bucket are left alone.
    ///
    /// - Throws: ``StorageError`` where the notes cannot be listed; a single one that fails is counted in the report.
    @discardableResult
    public func sweepUploads(olderThan age: Duration) async throws(StorageError) -> SweepReport {
        let latest = Timestamp(seconds: client.now().seconds - age.components.seconds)
        var report = SweepReport()
        try await forEachOwn(UploadMarker.folder) { item throws(StorageError) in
            do throws(S3RequestError) {
                try await self.sweep(noteAt: item, begunBefore: latest, report: &report)
            } catch {
                self.note(error.storageError, in: &report)
            }
        }
        try await sweepProbes(begunBefore: latest, report: &report)
        return report
    }

    /// What a probe has left behind that did not come to its end.
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
        noteAt item: ObjectInfo, begunBefore latest: Timestamp, report: inout SweepReport
    ) async throws(S3RequestError) {
        // A note that is younger by the store's clock was written later still by any clock that is right.
        guard item.isNotAfter(latest) else { return }
        let answer: S3Answer
        do throws(S3RequestError) {
            answer = try await client.send(S3Request(.listUploads, .GET, key: item.key), until: client.deadline())
        } catch  where failureMeansMissing(error) {
            return
        }
        // What is no note stands for no upload.
        if let note = UploadMarker(answer.body) {
            guard note.begun <= latest else { return }
            if let id = note.uploadID {
                try await abortUpload(id, of: note.key)
                report.abortedUploads += 1
            } else {
                let unnamed = try await abortUnnamed(
                    note, notedAt: item.lastModified ?? note.begun, latest: latest)
                report.abortedUploads += unnamed.aborted
                // The note is all that leads to those: a slow store may have begun one long after it.
                guard unnamed.tooYoung == 0 else { return }
            }
        }
        _ = try await client.send(S3Request(.listUploads, .DELETE, key: item.key), until: client.deadline())
        report.removedNotes += 1
    }

    /// The process ended between the note and the store's answer: whatever was begun on exactly this key since then,
    /// and is itself old enough, can be no upload that is still going on. What was begun much later is somebody else's.
    private func abortUnnamed(
        _ note: UploadMarker, notedAt: Timestamp, latest: Timestamp
    ) async throws(S3RequestError) -> (aborted: Int, tooYoung: Int) {
        var (aborted, tooYoung) = (0, 0)
        let first = min(notedAt.seconds, note.begun.seconds)
        let last = max(notedAt.seconds, note.begun.seconds) + Self.longestBeginning
        for upload in try await uploads(prefix: note.key.bytes) where upload.key == note.key {
            guard let begun = upload.begun, (first...last).contains(begun.seconds) else { continue }
            guard begun <= latest else {
                tooYoung += 1
                continue
            }
            try await abortUpload(upload.id, of: note.key)
            aborted += 1
        }
        return (aborted, tooYoung)
    }

    /// Seconds after its note at which a slow store may still begin an upload.
    private static let longestBeginning: Int64 = 120

    /// The unfinished uploads of all keys that begin so.
    func uploads(
        prefix: [UInt8], until deadline: ContinuousClock.Instant? = nil
    ) async throws(S3RequestError) -> [UnfinishedUpload] {
        var found: [UnfinishedUpload] = []
        var markers: [QueryItem] = []
        repeat {
            // Not asked for encoded: SeaweedFS says that it encodes here, and does not. Our keys are fit for XML.
            let query =
                [QueryItem("uploads"), QueryItem("prefix", prefix)] + markers
            let document = try await client.read(
                UploadsDocument.self, S3Request(.listUploads, .GET, query: query), until: deadline ?? client.deadline()
            ) { $0 }
            let names = NameDecoder(encodingType: document.encodingType, plusIsSpace: traits.plusIsSpace)
            for upload in document.uploads {
                guard let text = upload.key, let id = upload.uploadID, !id.isEmpty else { continue }
                let name = try Self.understand(.listUploads) { () throws(BadAnswer) in try names.decode(text) }
                // Some stores do not look at the prefix.
                guard name.starts(with: prefix), let key = ObjectKey(name) else { continue }
                let begun = upload.initiated.flatMap { Timestamp(rfc3339: $0) ?? Timestamp(httpDate: $0) }
                found.append(UnfinishedUpload(key: key, id: id, begun: begun))
            }
            let next = try Self.nextMarkers(document, names: names)
            guard next.isEmpty || next != markers else {
                throw Self.badAnswer("a list of uploads that does not go on", during: .listUploads)
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
                throw StorageError(.badAnswer, during: .listUploads, detail: "a listing that does not go on")
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
    /// Whether the store says that it was written at this moment or before.
    fileprivate func isNotAfter(_ moment: Timestamp) -> Bool {
        lastModified.map { $0 <= moment } ?? false
    }
}
