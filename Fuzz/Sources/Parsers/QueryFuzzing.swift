import ImageModel
import TextCoding

@testable import ImageRequests

/// The query of a URL and the rendition in it, on arbitrary bytes.
public enum QueryFuzzing {
    /// Reads the bytes as a path and as a query, under several rules. Ends the process if a guarantee is broken.
    public static func run(_ bytes: [UInt8]) {
        let path = PercentEncoding.encode(bytes, keepingSlashes: true)
        precondition(PercentEncoding.decode(path.utf8) == bytes, "a path that changes")
        guard let query = try? Query(bytes) else { return }
        for rules in rules { run(query, rules) }
        // If the settings accept the text as a preset, the preset's name leads to the same image.
        let text = String(decoding: bytes, as: UTF8.self)
        guard let preset = try? RenditionPreset(parameters: text) else { return }
        let named = RenditionRules(mode: .presets, presets: ["p": preset])
        let direct = try? RenditionQuery.parse(query, RenditionRules())
        precondition((try? RenditionQuery.parse(Query("preset=p".utf8), named)) == direct, "a preset that differs")
    }

    /// The rules of settings with presets, sizes and client hints.
    private static let rules: [RenditionRules] = {
        let card = try? RenditionPreset(parameters: "w=400&h=300&fit=cover&gravity=0.3,0.7&dpr=2&format=webp")
        let presets = card.map { ["card": $0] } ?? [:]
        return [
            RenditionRules(), RenditionRules(presets: presets, sizes: [1, 160, 320, 8_192]),
            RenditionRules(mode: .presets, presets: presets, hints: [.dpr, .saveData]),
            RenditionRules(sizes: [320, 640], hints: [.dpr, .width, .saveData]),
        ]
    }()

    /// Reads the rendition under these rules: it is within its limits, and the order of parameters changes nothing.
    private static func run(_ query: Query, _ rules: RenditionRules) {
        let variance = Variance(of: query, rules)
        precondition(rules.hints.isSuperset(of: variance.hints), "a hint that is not honoured")
        guard let request = try? RenditionQuery.parse(query, rules) else { return }
        for side in [request.width, request.height].compactMap(\.self) { precondition((1...8_192).contains(side)) }
        if let quality = request.quality { precondition((1...100).contains(quality)) }
        if let blur = request.blur { precondition(blur >= 0 && blur <= RenditionRequest.blurRange.upperBound * 4) }
        if let sharpen = request.sharpen { precondition(RenditionRequest.sharpenRange.contains(sharpen)) }
        precondition((1...4).contains(request.pixelRatio))

        var reversed = query
        reversed.items.reverse()
        precondition((try? RenditionQuery.parse(reversed, rules)) == request, "an order of parameters that matters")
        precondition(Variance(of: reversed, rules) == variance, "an order of parameters that changes Vary")
        for format in ImageFormat.allCases {
            let spec = RenditionSpec(request, format: format, defaultQuality: 80)
            let text = spec.canonicalText
            precondition(!text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a key with odd characters")
        }
    }

    /// Queries with every parameter, and some invalid ones.
    public static let seeds: [[UInt8]] = [
        "w=400&h=300&fit=cover&gravity=top-left&format=webp&q=75&dpr=2",
        "w=8192&h=1&fit=scale-down&gravity=0.25,1&format=auto&bg=%23fff8&rotate=90&flip=horizontal",
        "blur=2.5&sharpen=1&fit=pad&bg=00ff0080&h=12&gravity=smart&format=original", "w=10&w=20", "w=%zz",
        "w=nan&dpr=0x1",
        "preset=card", "preset=card&w=5&dpr=3", "v=abc&other=%C3%A4+b",
        "fit=fill&w=3&h=4&rotate=180&flip=vertical&dpr=1.5&format=avif", "",
    ].map { Array($0.utf8) }
}
