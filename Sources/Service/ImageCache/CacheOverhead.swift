import ObjectStorage

/// What an entry takes besides its bytes, rounded up: the objects and slots around it, and the texts of its key. The
/// tables' arrays and dictionaries double as they grow, so up to half of each is empty. Measured as resident memory
/// with 60,000 renditions of one byte, paths of 25 bytes and texts of 53: 1,041 bytes each, for which 1,128 are
/// counted.
enum CacheOverhead {
    static func answer(_ path: ObjectKey) -> Int { 512 + 2 * path.bytes.count }

    static func body(_ path: ObjectKey, _ variant: BodyVariant) -> Int {
        1024 + 2 * path.bytes.count + variant.nameBytes
    }
}
