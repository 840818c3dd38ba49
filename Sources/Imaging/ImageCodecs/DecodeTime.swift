import CImageCodecs
public import ImageModel

extension ImageDecoder {
    /// The estimated time of decoding on one processor, in microseconds on the machine of docs/benchmarks.md; only the
    /// comparison of formats matters. It depends only on the header and the file's length, so that the same file has
    /// the same cost on every replica and in every test. Fitted to the totals of Benchmarks/http/sizes for JPEG, PNG
    /// and lossless WebP; lossy WebP and AVIF were not measured.
    ///
    /// - Parameter file: the whole file.
    public static func microseconds(
        file: RawSpan, info: ImageInfo, scaleDenominator: Int = 1, limits: CodecLimits
    ) -> Int {
        let pixels = info.size.pixels
        let bytes = file.byteCount
        switch info.format {
        case .jpeg:
            let made = pixels / (max(1, scaleDenominator) * max(1, scaleDenominator))
            guard let coding = (try? JPEGHeader.read(file, limits: limits))?.coding, coding.has_many_scans else {
                // Our own reader reads a baseline JPEG at a reduced size and skips what it does not need.
                return scaleDenominator > 1
                    ? bytes * 6 / 1_000 + made * 4 / 1_000 : bytes * 9 / 1_000 + made * 4 / 1_000
            }
            return bytes * 20 / 1_000 + pixels * 8 / 1_000 + made * 5 / 1_000
        case .png: return bytes * 4 / 1_000 + pixels * 8 / 1_000
        case .webp:
            let isLossless = (try? WebPHeader.read(file, limits: limits))?.coding.is_lossless ?? true
            return isLossless ? bytes * 16 / 1_000 + pixels * 10 / 1_000 : bytes * 15 / 1_000 + pixels * 8 / 1_000
        case .avif: return bytes * 40 / 1_000 + pixels * 15 / 1_000
        }
    }
}
