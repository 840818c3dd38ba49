import ImageCodecs
public import ImageModel

/// What an intermediate would cost and save, in microseconds of a processor.
public struct IntermediateCost: Sendable, Hashable {
    /// What each later rendition like this one takes less, once there is one.
    public let saving: Int
    /// What this rendition takes more, where it makes the intermediate and is made of it.
    public let making: Int

    /// Both in microseconds. A saving below zero means that the intermediate would cost time.
    public init(saving: Int, making: Int) {
        self.saving = saving
        self.making = making
    }

    /// Whether this rendition is to make it.
    ///
    /// Nobody knows how many sizes will be asked for. What earlier ones would have saved is the measure, as for who
    /// hires skis by the day: once it is twice what buying costs, it is bought, so that never much more is spent than
    /// was needed. Where a single further size pays for it three times over, it is bought at once: a picture is mostly
    /// shown in more than one.
    ///
    /// - Parameter saved: what the earlier renditions of this original would have taken less.
    public func isWorthMaking(saved: Int) -> Bool { saved / 2 + saving / 3 >= making }
}

extension IntermediateRules {
    /// The price of the intermediate for this rendition; nil where it does not serve it, or has none.
    ///
    /// - Parameter file: the whole original.
    public func price(_ spec: RenditionSpec, file: RawSpan, info: ImageInfo, limits: RenderLimits) -> IntermediateCost?
    {
        guard let rung = intermediate(of: info), serves(spec, of: info),
            let direct = try? RenderPlan(info: info, spec: spec, limits: limits),
            let making = try? RenderPlan(info: info, spec: rung, limits: limits)
        else { return nil }
        let rungInfo = ImageInfo(format: .jpeg, size: making.outputSize)
        guard let stepped = try? RenderPlan(info: rungInfo, of: info.displaySize, spec: spec, limits: limits) else {
            return nil
        }
        let directTime = Self.time(direct, file: file, info: info, limits: limits)
        let steppedTime = Self.time(stepped, rung: making.outputSize)
        let makingTime =
            Self.time(making, file: file, info: info, limits: limits) + making.outputSize.pixels * Self.encoding / 1_000
        return IntermediateCost(saving: directTime - steppedTime, making: makingTime + steppedTime - directTime)
    }

    /// Nanoseconds of a pixel: of one that is read by the resampler, and of one that becomes a plain JPEG.
    private static let resampling = 2
    private static let encoding = 10

    private static func time(_ plan: RenderPlan, file: RawSpan, info: ImageInfo, limits: RenderLimits) -> Int {
        ImageDecoder.microseconds(
            file: file, info: info, scaleDenominator: plan.scaleDenominator, limits: limits.codec)
            + resampled(info.size, plan)
    }

    /// Of an intermediate that is not there yet: a plain JPEG of about half a byte a pixel.
    private static func time(_ plan: RenderPlan, rung: PixelSize) -> Int {
        let pixels = rung.pixels
        return pixels * (plan.scaleDenominator > 1 ? 4 : 9) / 1_000 + resampled(rung, plan)
    }

    private static func resampled(_ size: PixelSize, _ plan: RenderPlan) -> Int {
        size.pixels / (plan.scaleDenominator * plan.scaleDenominator) * resampling / 1_000
    }
}
