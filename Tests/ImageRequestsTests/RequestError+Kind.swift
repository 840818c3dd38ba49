import ImageRequests

extension RequestError {
    /// Otherwise the rendition is not allowed.
    var isBadParameter: Bool {
        if case .badParameter = self { true } else { false }
    }
}
