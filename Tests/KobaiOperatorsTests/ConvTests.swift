import Testing
import Kobai
import KobaiTestSupport
