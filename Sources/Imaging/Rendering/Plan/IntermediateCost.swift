import ImageCodecs
public import ImageModel

/// The cost and the saving of an intermediate, in microseconds of a processor.
public struct IntermediateCost: Sendable, Hashable {
    /// How much less each later rendition like this one takes, once there is an intermediate.
    public let saving: Int
    /// How much more this rendition takes if it makes the intermediate and is made from it.
    public let making: Int

    /// Both in microseconds. A saving below zero means that the intermediate would cost time.
    public init(saving: Int, making: Int) {
        self.saving = saving
        self.making = making
    }

    /// Whether this rendition should make the intermediate.
    ///
    /// The number of further renditions is unknown, as in the ski rental problem: the measure is what earlier ones
    /// would have saved. Once that is twice the cost, the intermediate is made, so that never much more is spent than
    /// was needed. If a single further size would pay for it three times, it is made at once: a picture is mostly shown
    /// in more than one size.
    ///
    /// - Parameter saved: how much less the earlier renditions of this original would have taken.
    public func isWorthMaking(saved: Int) -> Bool { saved / 2 + saving / 3 >= making }
}

extension IntermediateRules {
    /// The cost of the intermediate for this rendition; nil if there is none, or it cannot serve this rendition.
    ///
    /// - Parameter file: the whole original.
    public func price(_ spec: RenditionSpec, file: RawSpan, info: ImageInfo, limits: RenderLimits) -> IntermediateCost?
    {
        guard let intermediateSpec = intermediate(of: info), serves(spec, of: info),
            let direct = try? RenderPlan(info: info, spec: spec, limits: limits),
            let making = try? RenderPlan(info: info, spec: intermediateSpec, limits: limits)
        else { return nil }
        let intermediateInfo = ImageInfo(format: .jpeg, size: making.outputSize)
        guard let stepped = try? RenderPlan(info: intermediateInfo, of: info.displaySize, spec: spec, limits: limits)
        else { return nil }
        let directTime = Self.time(direct, file: file, info: info, limits: limits)
        let steppedTime = Self.time(stepped, intermediate: making.outputSize)
        let makingTime =
            Self.time(making, file: file, info: info, limits: limits) + making.outputSize.pixels * Self.encoding / 1_000
        return IntermediateCost(saving: directTime - steppedTime, making: makingTime + steppedTime - directTime)
    }

    /// Nanoseconds per pixel: for one that the resampler reads, and for one that is encoded as a plain JPEG.
    private static let resampling = 2
    private static let encoding = 10

    private static func time(_ plan: RenderPlan, file: RawSpan, info: ImageInfo, limits: RenderLimits) -> Int {
        ImageDecoder.microseconds(
            file: file, info: info, scaleDenominator: plan.scaleDenominator, limits: limits.codec)
            + resampled(info.size, plan)
    }

    /// For an intermediate that does not exist yet: a plain JPEG of about half a byte per pixel.
    private static func time(_ plan: RenderPlan, intermediate: PixelSize) -> Int {
        let pixels = intermediate.pixels
        return pixels * (plan.scaleDenominator > 1 ? 4 : 9) / 1_000 + resampled(intermediate, plan)
    }

    private static func resampled(_ size: PixelSize, _ plan: RenderPlan) -> Int {
        size.pixels / (plan.scaleDenominator * plan.scaleDenominator) * resampling / 1_000
    }
}
