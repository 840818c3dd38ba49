import Foundation
import ImageModel
import Testing

@testable import ImageCodecs

/// Detects the format from the first bytes of a file, even if only a few have arrived.
@Suite struct FormatDetectionTests {
    private static func brands(_ brands: [String]) -> [UInt8] {
        AVIFFile.box("ftyp", Array(brands[0].utf8) + [0, 0, 0, 0] + Array(brands.dropFirst().joined().utf8))
    }

    /// If the network cut the body at byte 32, `avif` as the fifth compatible brand was not found.
    @Test func detectionWaitsForMissingBytesAtEveryCut() throws {
        var files: [(ImageFormat, [UInt8])] = try ImageFormat.allCases.map {
            ($0, try TestImages.file($0, width: 16, height: 16))
        }
        for place in [1, 2, 5, 9, 900] {
            let others = [String](repeating: "mif1", count: place)
            files.append((.avif, Self.brands(others + ["avif"]) + [1, 2, 3]))
            files.append((.avif, Self.brands(others + ["avis", "msf1"]) + [1, 2, 3]))
        }
        for (format, file) in files {
            for cut in 0..<min(file.count, 4_000) {
                let bytes = Array(file.prefix(cut))
                switch ImageFormat.detect(prefix: bytes.span.bytes) {
                case .format(let found): #expect(found == format)
                case .notAnImage: Issue.record("\(format) was rejected at \(cut) bytes")
                case .needs(let more): #expect(more > cut && more <= ImageFormat.maximumSignatureLength)
                }
            }
            #expect(ImageFormat.detect(file.span.bytes) == format)
        }
    }

    @Test func bytesThatAreNoImageAreRejectedEarly() {
        let others: [([UInt8], Int)] = [
            (Array("<!doctype html><html>".utf8), 5), (Array("GIF89a".utf8), 5), ([0xFF, 0xD9, 0, 0, 9], 5),
            (Array("RIFF\u{10}\0\0\0WAVE".utf8), 12), (Self.brands(["heic", "mif1", "heix"]), 24),
            // A brand box that is too long, and brand boxes without brands.
            (PNGFile.long(1 << 20) + Array("ftypmif1".utf8), 8), (PNGFile.long(12) + Array("ftypavif".utf8), 8),
            (PNGFile.long(4_100) + Array("ftypavif".utf8), 8),
        ]
        for (bytes, end) in others {
            for cut in 0...bytes.count {
                let part = Array(bytes.prefix(cut))
                let detection = ImageFormat.detect(prefix: part.span.bytes)
                if cut >= end { #expect(detection == .notAnImage, "\(bytes) at \(cut)") }
                if cut == 0 { #expect(detection != .notAnImage) }
            }
        }
        #expect(ImageFormat.detect(PNGFile.long(40).span.bytes) == nil)
    }
}
