import CImageCodecs

/// What a file says about its colours. If it is optional, nil means sRGB, stated or assumed.
enum ColorSource: Sendable, Hashable {
    /// An ICC profile.
    case profile([UInt8])
    /// Primaries and a curve, as PNG's gAMA and cHRM state them.
    case calibrated(ColorPrimaries, ColorTransfer)
    /// The numbers of ITU-T H.273 in PNG's cICP and in AVIF's nclx.
    case coded(CodedColors)

    /// The conversion to sRGB; nil if none is needed or possible: a profile that is broken or for other colours is
    /// ignored, as browsers do.
    ///
    /// - Parameter isGray: whether the picture is grey, even if it is stored as RGB. A grey profile fits no other
    ///   picture: channel by channel it would give wrong colours. WebP has no grey, so there, as in browsers, such a
    ///   profile is ignored.
    func conversion(
        of kind: tt_color_kind, isDeep: Bool = false, isGray: Bool = false
    ) throws(CodecError) -> ColorConversion? {
        var color: OpaquePointer?
        let status: tt_status
        switch self {
        case .profile(let bytes):
            status = unsafe bytes.span.bytes.withCBytes { (pointer, count) in
                unsafe tt_color_from_profile(
                    pointer, count, kind, isDeep, isGray || kind == .TT_COLOR_GRAY, &color)
            }
        case .calibrated(let primaries, let transfer):
            status = unsafe tt_color_from_primaries(
                primaries.values, transfer.curve, transfer.exponent, kind, isDeep, &color)
        case .coded(let numbers):
            guard let (primaries, transfer) = numbers.meaning else { return nil }
            status = unsafe tt_color_from_primaries(
                primaries.values, transfer.curve, transfer.exponent, kind, isDeep, &color)
        }
        if status == .TT_UNSUPPORTED || status == .TT_DAMAGED { return nil }
        try check(status, format: "color profile")
        guard let color = unsafe color else { return nil }
        return unsafe ColorConversion(adopting: color, kind: kind)
    }

    /// Its name in the metadata; nil if it has none.
    var name: String? {
        switch self {
        case .profile(let bytes): ICCProfile.name(of: bytes)
        case .calibrated: nil
        case .coded(let numbers): numbers.name
        }
    }
}

/// CIE 1931 x and y of red, green, blue and white, in this order.
struct ColorPrimaries: Sendable, Hashable {
    var red: SIMD2<Double>
    var green: SIMD2<Double>
    var blue: SIMD2<Double>
    var white: SIMD2<Double>

    static let d65 = SIMD2(0.3127, 0.3290)
    /// ITU-R BT.709 and IEC 61966-2-1.
    static let sRGB = ColorPrimaries(
        red: SIMD2(0.64, 0.33), green: SIMD2(0.30, 0.60), blue: SIMD2(0.15, 0.06), white: d65)

    var values: tt_primaries {
        tt_primaries(
            red_x: red.x, red_y: red.y, green_x: green.x, green_y: green.y, blue_x: blue.x, blue_y: blue.y,
            white_x: white.x, white_y: white.y)
    }
}

/// How stored values become light.
enum ColorTransfer: Sendable, Hashable {
    /// value ^ exponent.
    case gamma(Double)
    case sRGB
    /// SMPTE ST 2084 and BT.2100's hybrid log-gamma: 203 cd/m² become sRGB's white (ITU-R BT.2408).
    case perceptualQuantizer
    case hybridLogGamma

    var curve: tt_transfer {
        switch self {
        case .gamma: .TT_TRANSFER_GAMMA
        case .sRGB: .TT_TRANSFER_SRGB
        case .perceptualQuantizer: .TT_TRANSFER_PQ
        case .hybridLogGamma: .TT_TRANSFER_HLG
        }
    }

    var exponent: Double { if case .gamma(let exponent) = self { exponent } else { 1 } }
}

/// Code points of ITU-T H.273, tables 2 and 3.
struct CodedColors: Sendable, Hashable {
    var primaries: Int
    var transfer: Int

    /// BT.709's primaries with sRGB's curve, or with a camera curve that screens show like it; or unspecified.
    var isSRGB: Bool {
        guard let (primaries, transfer) = meaning else { return true }
        return primaries == .sRGB && transfer == .sRGB
    }

    /// With AVIF's defaults: if only one number is unspecified (2), the other one counts, and MIAF's default (ISO/IEC
    /// 23000-22, 7.3.6.4), which is sRGB's, completes it.
    var completed: CodedColors {
        guard primaries != 2 || transfer != 2 else { return self }
        return CodedColors(primaries: primaries == 2 ? 1 : primaries, transfer: transfer == 2 ? 13 : transfer)
    }

    /// Nil if a number says "unspecified", or has a value that pictures do not use.
    var meaning: (ColorPrimaries, ColorTransfer)? {
        guard let first = Self.primaries[primaries], let second = Self.transfers[transfer] else { return nil }
        return (first, second)
    }

    private static let primaries: [Int: ColorPrimaries] = [
        1: .sRGB,
        5: ColorPrimaries(
            red: SIMD2(0.64, 0.33), green: SIMD2(0.29, 0.60), blue: SIMD2(0.15, 0.06), white: ColorPrimaries.d65),
        6: ColorPrimaries(
            red: SIMD2(0.630, 0.340), green: SIMD2(0.310, 0.595), blue: SIMD2(0.155, 0.070), white: ColorPrimaries.d65),
        7: ColorPrimaries(
            red: SIMD2(0.630, 0.340), green: SIMD2(0.310, 0.595), blue: SIMD2(0.155, 0.070), white: ColorPrimaries.d65),
        9: ColorPrimaries(
            red: SIMD2(0.708, 0.292), green: SIMD2(0.170, 0.797), blue: SIMD2(0.131, 0.046), white: ColorPrimaries.d65),
        11: ColorPrimaries(
            red: SIMD2(0.680, 0.320), green: SIMD2(0.265, 0.690), blue: SIMD2(0.150, 0.060),
            white: SIMD2(0.314, 0.351)),
        12: ColorPrimaries(
            red: SIMD2(0.680, 0.320), green: SIMD2(0.265, 0.690), blue: SIMD2(0.150, 0.060), white: ColorPrimaries.d65),
    ]

    /// The curves of BT.709, BT.601 and BT.2020 are for cameras; screens show them with about sRGB's curve.
    private static let transfers: [Int: ColorTransfer] = [
        1: .sRGB, 4: .gamma(2.2), 5: .gamma(2.8), 6: .sRGB, 8: .gamma(1), 13: .sRGB, 14: .sRGB, 15: .sRGB,
        16: .perceptualQuantizer, 18: .hybridLogGamma,
    ]

    var name: String? {
        if isSRGB { return "sRGB" }
        let space = [1: "BT.709", 5: "BT.601 625", 6: "BT.601 525", 7: "SMPTE 240M", 9: "BT.2020", 11: "DCI-P3"]
        let base = primaries == 12 ? "Display P3" : space[primaries]
        switch transfer {
        case 16: return base.map { $0 + " PQ" }
        case 18: return base.map { $0 + " HLG" }
        default: return base
        }
    }
}
