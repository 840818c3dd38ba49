import HTTPTypes
import ImageModel
import ImageService

/// What memory said of a path, and which look this was, of all looks of a lane.
struct FastLook {
    var number: UInt64
    var fresh: FreshImage
}

/// What a request target says, read once: which image, as what, and which version the URL names.
///
/// It also keeps what was found and made for the last answers, one for each way in which Accept chooses. Version, freshness
/// and bytes are looked up again as soon as they may be others, and what was made of others is made anew.
final class FastTarget {
    let path: ImagePath
    let rendition: RenditionRequest?
    let version: String?
    let variance: Variance
    /// The last look, for as long as it lasts.
    var look: FastLook?
    private var forms: [(accept: Accept?, form: FastForm)] = []

    /// Three formats can be chosen between.
    private static let maximumForms = 3

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

    /// What was made for this image and this Accept, or is made now. Nil: the long way.
    func form(at look: FastLook, accept: Accept?, make: () -> FastForm?) -> FastForm? {
        let index = self.forms.firstIndex { $0.accept == accept }
        if let index, self.forms[index].form.isOf(look) { return self.forms[index].form }
        guard let form = make() else { return nil }
        if let index {
            self.forms[index].form = form
        } else {
            if self.forms.count == Self.maximumForms { self.forms.removeFirst() }
            self.forms.append((accept, form))
        }
        return form
    }
}
