// 機械学習講習会, lecture 6: a table end to end. Which connections of a network are attacks?
//
//     KOBAI_DATA=… swift run -c release IntrusionDetection      (data set nsl-kdd)
import Foundation
import Kobai
import KobaiCharts

let folder = (ProcessInfo.processInfo.environment["KOBAI_DATA"] ?? "data") + "/nsl-kdd"

/// The columns of NSL-KDD.
let names =
  """
  duration protocol_type service flag src_bytes dst_bytes land wrong_fragment urgent hot num_failed_logins
  logged_in num_compromised root_shell su_attempted num_root num_file_creations num_shells num_access_files
  num_outbound_cmds is_host_login is_guest_login count srv_count serror_rate srv_serror_rate rerror_rate
  srv_rerror_rate same_srv_rate diff_srv_rate srv_diff_host_rate dst_host_count dst_host_srv_count
  dst_host_same_srv_rate dst_host_diff_srv_rate dst_host_same_src_port_rate dst_host_srv_diff_host_rate
  dst_host_serror_rate dst_host_srv_serror_rate dst_host_rerror_rate dst_host_srv_rerror_rate class difficulty
  """.split(whereSeparator: \.isWhitespace).map(String.init)

/// Thirty numbers; left out are text and what is almost always 0.
let features = names.filter {
  ![
    "protocol_type", "service", "flag", "land", "urgent", "root_shell", "su_attempted",
    "num_file_creations", "num_shells", "num_outbound_cmds", "is_host_login", "class", "difficulty",
  ].contains($0)
}

/// Reads a file; the label is 1 for an attack.
func load(_ file: String) throws -> (table: Table, labels: Tensor) {
  let table = try Table(csv: "\(folder)/\(file)", header: false, names: names)
  let isAttack = table["class"].texts.map { $0 == "normal" ? 0.0 : 1.0 }
  return (table, Tensor(isAttack, shape: [isAttack.count, 1], dtype: .float32))
}

// Read, split 7 : 3, standardise by the training part alone.
let (table, labels) = try load("KDDTrain+_20Percent.txt")
let parts = (0..<table.count).randomSplit([0.7, 0.3], generator: Generator(seed: 3407))
let encoder = try TableEncoder(fitting: table.rows(parts[0].indices), features: features)
let sets = try parts.map { part in
  TensorDataset(
    try encoder.features(of: table.rows(part.indices)), labels[Tensor(part.indices)])
}
let trainLoader = DataLoader(sets[0], batchSize: 32, shuffle: true, dropLast: true)
let validLoader = DataLoader(sets[1], batchSize: 32)
print(
  "\(sets[0].count) connections to train, \(sets[1].count) to validate, \(features.count) features")

// A network with sigmoids.
manualSeed(3407)
let model = Sequential(
  Linear(features.count, 32), Sigmoid(), Linear(32, 64), Sigmoid(), Linear(64, 1), Sigmoid())
let trainer = Trainer(
  model, optimizer: SGD(model.parameters, lr: 1e-2), metrics: [.binaryAccuracy()]
) { binaryCrossEntropy($0, $1) }
trainer.callbacks = [ProgressReporter()]
let history = try trainer.fit(trainLoader, validation: validLoader, epochs: 30)

// How good is it on connections of another day?
let (testTable, testLabels) = try load("KDDTest+.txt")
let outputs = noGrad { model.eval()(try! encoder.features(of: testTable)) }
let accuracy = outputs.ge(0.5).eq(testLabels.ge(0.5)).to(.float32).mean().item()
print("held-out accuracy \(accuracy)")

// What a competition asks for: an answer for each row.
try CSV.write(
  header: ["id", "pred"],
  rows: outputs.ge(0.5).to(.int64).array(as: Int.self).enumerated().map { ["\($0)", "\($1)"] },
  to: "submission.csv")

let curve = LearningCurve(
  train: .init(
    losses: history.epochs.map(\.train.loss),
    accuracies: history.epochs.compactMap { $0.train.metrics["accuracy"] }),
  validation: .init(
    losses: history.epochs.compactMap { $0.validation?.loss },
    accuracies: history.epochs.compactMap { $0.validation?.metrics["accuracy"] }))
var report = HTMLReport(title: "Which connections are attacks?")
report.tile("validation accuracy", "\(history.epochs.last?.validation?.metrics["accuracy"] ?? 0)")
report.tile("accuracy on KDDTest+", "\(accuracy)")
report.figure(curve)
report.preformatted("\(model.summary(inputSize: [1, features.count]))")
try report.write(to: "intrusion-detection.html")
print("written: submission.csv, intrusion-detection.html")
