import AccessControl
import HTTPServer
import HTTPTypes
import ImageRequests
import ImageService
import NIOCore
import ObjectStorage
import TextCoding

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes signed URLs on request.
struct URLSigning: Sendable {
    let service: ImageService
    /// Nil: no credential is configured.
    let access: AccessControl?
    /// The start of URLs, without a slash at the end.
    let base: String

    /// One request; a body has one, or a list of them.
    private struct Item: Decodable, Sendable {
        var path: String
        var query: String?
        var expiresIn: Int64
    }

    private enum Body: Decodable, Sendable {
        case one(Item)
        case list([Item])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let list = try? container.decode([Item].self) {
                self = .list(list)
            } else {
                self = .one(try container.decode(Item.self))
            }
        }
    }

    private struct Answer: Encodable {
        var url: String
        var expiresAt: String
    }

    private static let maximumItems = 1_000
    /// A thousand paths of a usual length, with queries.
    private static let maximumBodyBytes = 512 << 10
    /// What is held for a body: its bytes, what is read from it, and the answer, which repeats the paths, encoded.
    private static let heldBytesPerByte = 6
    /// A shorter body fits what is counted for each connection anyway.
    private static let uncountedBytes = 4 << 10

    /// Answers the request. The list is read and signed outside the event loop.
    func answer(_ request: Request, _ requestAccess: RequestAccess) async throws(Problem) -> Response {
        // The credential is judged before the body is read.
        _ = try await requestAccess.grant(.sign([]))
        let declared = request.headers[.contentLength].flatMap { Int($0) } ?? Self.maximumBodyBytes
        guard declared <= Self.maximumBodyBytes else { throw Self.tooLong }
        if declared > Self.uncountedBytes {
            let context = requestAccess.context
            do throws(ServiceError) {
                context.notes.keep(
                    try await service.admitAnswer(declared * Self.heldBytesPerByte, for: context.client))
            } catch {
                throw Problem(error)
            }
        }
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.maximumBodyBytes)
        } catch is NIOTooManyBytesError {
            throw Self.tooLong
        } catch {
            throw Problem(thrown: error)
        }
        let (isList, items) = try await offLoop { () throws(Problem) in try Self.items(in: bytes) }
        // A thousand paths, each compared with every prefix of the caller: not on the event loop.
        let decision = try await Task { () -> Result<AccessDecision, Problem> in
            do throws(Problem) {
                return .success(try await requestAccess.decision(.sign(items.map(\.path))))
            } catch {
                return .failure(error)
            }
        }.value.get()
        let document = try await offLoop { () throws(Problem) in
            var answers: [Answer] = []
            for item in items {
                answers.append(try sign(item.wanted, item.path, endOfCaller: decision.identity?.expires ?? .max))
            }
            return isList ? JSON.encode(answers) : JSON.encode(answers[0])
        }
        return .confidential(document)
    }

    private static var tooLong: Problem {
        Problem(.tooLong, "The body is longer than \(maximumBodyBytes) bytes.")
    }

    /// An unstructured task runs on the global executor, not on the request's event loop.
    private func offLoop<Value: Sendable>(
        _ work: @escaping @Sendable () throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        try await Task { () -> Result<Value, Problem> in
            do throws(Problem) { return .success(try work()) } catch { return .failure(error) }
        }.value.get()
    }

    private static func items(
        in bytes: ByteBuffer
    ) throws(Problem) -> (isList: Bool, items: [(wanted: Item, path: ImagePath)]) {
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView)) else {
            throw Problem(.badBody, "The body must be an object with path, query and expiresIn, or a list of them.")
        }
        let (isList, wanted) =
            switch body {
            case .one(let item): (false, [item])
            case .list(let list): (true, list)
            }
        guard (1...maximumItems).contains(wanted.count) else {
            throw Problem(.badBody, "The list must have 1 to \(maximumItems) entries.")
        }
        var items: [(Item, ImagePath)] = []
        for item in wanted {
            do {
                items.append((item, try ImagePath(item.path.utf8)))
            } catch {
                throw Problem(.badPath, error.description)
            }
        }
        return (isList, items)
    }

    /// - Parameter endOfCaller: when its credential ends, in Unix seconds. The signed URL must not
    ///   last longer. Otherwise a token for ten minutes could be used to read for a week.
    private func sign(_ item: Item, _ path: ImagePath, endOfCaller: Int64) throws(Problem) -> Answer {
        let query = item.query ?? ""
        do throws(SignableQueryError) {
            try SignableQuery.check(query.utf8)
        } catch {
            throw Problem(.badParameter, error.description)
        }
        // More parameters than a read may have.
        _ = try Problem.mapping { () throws(RequestError) in try Query(Array(query.utf8)) }
        guard let access, access.judgesSignatures else {
            throw Problem(.notSupported, "URL_SIGNING_KEYS is not set, so this server makes no signed URLs.")
        }
        let longest = access.signer.longestSeconds
        guard (1...longest).contains(item.expiresIn) else {
            throw Problem(.badParameter, "expiresIn must be 1 to \(longest) seconds.")
        }
        let now = Timestamp.now.seconds
        // At least a second: the signer rounds up, and a token may be valid for some seconds beyond its end.
        let seconds = max(1, min(item.expiresIn, endOfCaller - now))
        guard let signed = access.sign(path: path.key.bytes, query: query, for: seconds, now: now) else {
            throw Problem(.notSupported, "URL_SIGNING_KEYS is not set, so this server makes no signed URLs.")
        }
        let encoded = PercentEncoding.encode(path.key.bytes, keepingSlashes: true)
        return Answer(
            url: "\(base)/\(encoded)?\(signed.query)", expiresAt: Timestamp(seconds: signed.expires).rfc3339)
    }
}
