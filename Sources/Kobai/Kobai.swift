@_exported import KobaiCompiler
@_exported import KobaiData
@_exported import KobaiFormats
@_exported import KobaiNN
@_exported import KobaiOperators
@_exported import KobaiOptim
@_exported import KobaiTensor
@_exported import KobaiTransforms
