import ObjectStorage
import Testing

/// Expects a ``StorageError`` with this code.
@discardableResult
func expect(
    throwing code: StorageError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> StorageError? {
    do {
        try await body()
        Issue.record("nothing was thrown, expected \(code)", sourceLocation: sourceLocation)
    } catch let error as StorageError {
        #expect(error.code == code, "\(String(reflecting: error))", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("\(String(reflecting: error)) was thrown, expected \(code)", sourceLocation: sourceLocation)
    }
    return nil
}
