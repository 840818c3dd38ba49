import HTTPTypes
import ImageModel
import ImageService

/// What a request target says: which image, as what, and which version the URL names.
struct FastTarget {
    let path: ImagePath
    let rendition: RenditionRequest?
    let version: String?
    let variance: Variance

    /// Nil where the long way has to say what is wrong with it.
    init?(_ target: String, _ rules: RenditionRules) {
        let (path, rawQuery) = Route.split(target: target)
        do throws(Problem) {
            guard case .image(let image) = try Route(method: .get, path: path) else { return nil }
            let query = try Query(rawQuery)
            self.variance = Variance(of: query, rules)
            self.rendition = try RenditionQuery.parse(query, rules)
            self.version = try query.text("v")
            self.path = image
        } catch {
            return nil
        }
    }
}
