import NIOCore

/// Stands nearest to the socket, in front of the parser, and sees what the handlers behind it cannot: that bytes came
/// which are not yet a whole head, that the client closed its side (before the parser complains about it), and how many
/// bytes went out. It also drops what comes after the last answer, which the parser must not see any more.
///
/// In front of the parser it also asks the fast lane, by way of the connection, whose answers so count as well.
final class SocketTap: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes read from the socket in all.
    private(set) var bytesIn = 0
    /// Bytes handed to the channel in all, whether the kernel has taken them or not.
    private(set) var bytesOut = 0
    /// Whether the client has closed its side.
    private(set) var isInputClosed = false
    /// Whether what comes is dropped.
    var isDropping = false
    /// How long the first line since `beginHead` is, as far as it has come: tells a request target that is too long
    /// from fields that are.
    private(set) var requestLineBytes = 0
    private var isInRequestLine = true
    /// Takes whole requests from the front of what has come, where they can be answered at once.
    var takeFast: ((inout ByteBuffer) -> Void)?
    /// Whether the parser has nothing of a message that has not ended.
    private var isParserEmpty = true
    /// Whether the last thing that the parser handed on was the end of a message.
    var parserEndedMessage = false

    /// The next bytes are the beginning of a request's head.
    func beginHead() {
        self.requestLineBytes = 0
        self.isInRequestLine = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = self.unwrapInboundIn(data)
        self.bytesIn += buffer.readableBytes
        if self.isDropping { return }
        if self.isParserEmpty, let takeFast = self.takeFast {
            takeFast(&buffer)
            if buffer.readableBytes == 0 { return }
        }
        if self.isInRequestLine {
            let bytes = buffer.readableBytesView
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
            self.requestLineBytes += (end ?? bytes.endIndex) - bytes.startIndex
            self.isInRequestLine = end == nil
        }
        // A message that begins behind the last end, and is not whole, cannot itself end so.
        let mayEndHere = buffer.readableBytesView.suffix(4).elementsEqual([13, 10, 13, 10])
        self.parserEndedMessage = false
        context.fireChannelRead(self.wrapInboundOut(buffer))
        self.isParserEmpty = mayEndHere && self.parserEndedMessage
    }

    /// Bytes went to the socket past the channel.
    func countOut(_ bytes: Int) { self.bytesOut += bytes }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { self.isInputClosed = true }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.bytesOut += self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}
