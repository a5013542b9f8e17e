New-ReceiveConnector -Name 'A' -Usage Custom `
  -Bindings 0.0.0.0:25 -RemoteIPRanges $ranges
