/// How stored pixels must be rotated and flipped to be seen upright: the eight values of the EXIF tag 0x0112 (Exif
/// 2.32, 4.6.4.A).
///
/// They are the symmetries of a rectangle (the dihedral group of order eight), written here as "flip left to right
/// first if ``isMirrored``, then rotate clockwise by ``quarterTurns``".
public enum Orientation: UInt8, Sendable, Hashable, CaseIterable {
    /// As stored.
    case upright = 1
    /// Flip left to right.
    case mirrored = 2
    /// Rotate by 180 degrees.
    case rotated180 = 3
    /// Flip top to bottom.
    case mirroredRotated180 = 4
    /// Transpose: exchange rows and columns.
    case mirroredRotated270 = 5
    /// Rotate clockwise by 90 degrees.
    case rotated90 = 6
    /// Transpose along the other diagonal.
    case mirroredRotated90 = 7
    /// Rotate clockwise by 270 degrees.
    case rotated270 = 8

    /// The symmetry "flip left to right if `mirrored`, then rotate clockwise by `quarterTurns`" (any integer).
    public init(mirrored: Bool, quarterTurns: Int) {
        switch (mirrored, ((quarterTurns % 4) + 4) % 4) {
        case (false, 0): self = .upright
        case (false, 1): self = .rotated90
        case (false, 2): self = .rotated180
        case (false, _): self = .rotated270
        case (true, 0): self = .mirrored
        case (true, 1): self = .mirroredRotated90
        case (true, 2): self = .mirroredRotated180
        case (true, _): self = .mirroredRotated270
        }
    }

    /// Whether a left-to-right flip comes before the rotation.
    public var isMirrored: Bool {
        switch self {
        case .upright, .rotated90, .rotated180, .rotated270: false
        case .mirrored, .mirroredRotated90, .mirroredRotated180, .mirroredRotated270: true
        }
    }

    /// Clockwise quarter turns after the flip, 0 to 3.
    public var quarterTurns: Int {
        switch self {
        case .upright, .mirrored: 0
        case .rotated90, .mirroredRotated90: 1
        case .rotated180, .mirroredRotated180: 2
        case .rotated270, .mirroredRotated270: 3
        }
    }

    /// Whether width and height are exchanged.
    public var swapsAxes: Bool { quarterTurns % 2 == 1 }

    /// This symmetry, then `next`.
    public func followed(by next: Orientation) -> Orientation {
        // A flip after a rotation is a rotation the other way after a flip.
        let turns = next.isMirrored ? -quarterTurns : quarterTurns
        return Orientation(mirrored: isMirrored != next.isMirrored, quarterTurns: turns + next.quarterTurns)
    }

    /// The symmetry that undoes this one.
    public var inverse: Orientation {
        isMirrored ? self : Orientation(mirrored: false, quarterTurns: -quarterTurns)
    }
}

/// A flip as seen on screen.
public enum Flip: String, Sendable, Hashable, CaseIterable {
    /// Left and right are exchanged.
    case horizontal
    /// Top and bottom are exchanged.
    case vertical

    /// The flip as one of the eight symmetries.
    public var orientation: Orientation {
        switch self {
        case .horizontal: .mirrored
        case .vertical: .mirroredRotated180
        }
    }
}
