import Foundation

/// Photos from other sources: CORPUS_DIR and Debian's wallpaper packages, each photo once.
enum Photos {
    static let corpus = ProcessInfo.processInfo.environment["CORPUS_DIR"].map { URL(fileURLWithPath: $0) }

    /// In the order of their paths.
    static let files: [URL] = {
        var folders = ["/usr/share/backgrounds", "/usr/share/wallpapers", "/usr/share/images"]
            .map { URL(fileURLWithPath: $0) }
        if let corpus { folders.insert(corpus.appendingPathComponent("exif-orientation"), at: 0) }
        var seen: Set<Data> = []
        return folders.flatMap(photos(in:)).filter { file in
            guard let bytes = try? Data(contentsOf: file) else { return false }
            return seen.insert(bytes).inserted
        }
    }()

    private static func photos(in folder: URL) -> [URL] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return names.sorted()
            .filter { ["jpg", "jpeg", "png", "webp"].contains(($0 as NSString).pathExtension.lowercased()) }
            .map { folder.appendingPathComponent($0) }
    }

    /// A path for each image. The first paths contain every printable ASCII character that a path may contain, and
    /// other characters that have broken programs.
    static func paths(_ count: Int) -> [String] {
        let marks = (0x20...0x7E).compactMap { UnicodeScalar($0) }.map { String(Character($0)) }
            .filter { !"/\\".contains($0) && !($0.first?.isLetter ?? false) && !($0.first?.isNumber ?? false) }
        let odd =
            marks.map { "odd/a\($0)b \($0)\($0)" } + [
                "caf\u{E9}.jpg", "cafe\u{301}.jpg", "a/\u{301}b", "\u{301}", " begins and ends with a space ",
                "100%25 %2F %", "東京/写真.jpg", "صور/صورة.jpg", "😀👩‍👩‍👧‍👦.png", "+ & = ? # ;", "...", "a/.b/..c",
                "b\u{FEFF}om", "\u{200B}", "ß ẞ ﬀ",
            ]
        return (0..<count).map { $0 < odd.count ? odd[$0] : "plain/\($0).jpg" }
    }
}
