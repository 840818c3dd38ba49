import Foundation

/// How a server is started, with its own ports for everything that it opens.
struct LaunchPlan: Sendable {
    let program: String
    let arguments: [String]
    /// Added to this process's own environment.
    let environment: [String: String]
    let port: Int
    let folder: URL

    init(_ kind: S3TestServer.Kind, program: String, folder: URL) throws {
        self.program = program
        self.folder = folder
        let data = folder.appendingPathComponent("data").path
        switch kind {
        case .seaweedFS:
            let ports = FreePorts.take(8)
            port = ports[0]
            let configuration = folder.appendingPathComponent("s3.json")
            try Data(Self.identities.utf8).write(to: configuration)
            // One volume for a new bucket instead of seven, so that the first write does not wait for the other six.
            environment = ["WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"]
            arguments = [
                "-logtostderr=true", "server", "-dir=\(data)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-s3", "-s3.port=\(ports[0])", "-s3.port.grpc=\(ports[1])", "-s3.config=\(configuration.path)",
                // Services that no test needs. They would use fixed ports.
                "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-master.telemetry=false",
                // Otherwise the sockets would have fixed paths in /tmp, and two servers would share them.
                "-s3.localSocket=\(folder.path)/s3.sock", "-filer.localSocket=\(folder.path)/filer.sock",
                "-filer", "-filer.port=\(ports[2])", "-filer.port.grpc=\(ports[3])",
                "-master.port=\(ports[4])", "-master.port.grpc=\(ports[5])",
                "-volume.port=\(ports[6])", "-volume.port.grpc=\(ports[7])",
                "-master.volumeSizeLimitMB=128", "-volume.max=200", "-volume.minFreeSpace=0",
            ]
        case .rclone:
            port = FreePorts.take()
            environment = [:]
            arguments = [
                "serve", "s3", data, "--addr", "127.0.0.1:\(port)",
                "--auth-key", "\(S3TestServer.accessKey),\(S3TestServer.secretKey)",
                "--config", folder.appendingPathComponent("rclone.conf").path,
            ]
        }
    }

    private static let identities = """
        {"identities": [{"name": "test", "actions": ["Admin", "Read", "Write", "List", "Tagging"], "credentials":
        [{"accessKey": "\(S3TestServer.accessKey)", "secretKey": "\(S3TestServer.secretKey)"}]}]}
        """
}
