import HTTPTypes
import ImageModel
import ImageRequests
import ImageService

/// What a request target says: which image, as what, and which version the URL names.
struct FastTarget {
    let path: ImagePath
    let query: ImageQuery
    let variance: Variance

    /// Nil where the long way has to say what is wrong with it.
    init?(_ target: String, _ rules: RenditionRules) {
        let (path, rawQuery) = Route.split(target: target)
        guard case .image(let image) = try? Route(method: .get, path: path), let query = try? Query(rawQuery)
        else { return nil }
        let variance = Variance(of: query, rules)
        // A request with client hints never comes here.
        guard let wanted = try? ImageQuery(query, HTTPFields(), rules, variance: variance) else { return nil }
        self.path = image
        self.query = wanted
        self.variance = variance
    }
}
