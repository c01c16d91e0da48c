import Kobai
import KobaiTensor

extension Registry {
  mutating func addNormalization() {
  }
}
