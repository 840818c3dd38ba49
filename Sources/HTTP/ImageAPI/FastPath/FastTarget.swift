import HTTPTypes
import ImageModel
import ImageRequests
import ImageService

/// The meaning of a request target: the image, its form, and the version that the URL names.
struct FastTarget {
    let path: ImagePath
    let query: ImageQuery
    let variance: Variance

    /// Nil if the normal path has to report an error.
    init?(_ target: String, _ rules: RenditionRules) {
        let (path, rawQuery) = Route.split(target: target)
        guard case .image(let image) = try? Route(method: .get, path: path), let query = try? Query(rawQuery)
        else { return nil }
        let variance = Variance(of: query, rules)
        // A request with client hints never takes the fast path.
        guard let wanted = try? ImageQuery(query, HTTPFields(), rules, variance: variance) else { return nil }
        // A save by a person is rare, and its head has a name that no other answer has.
        guard wanted.download == nil else { return nil }
        self.path = image
        self.query = wanted
        self.variance = variance
    }
}
