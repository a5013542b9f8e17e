# relay
New-ReceiveConnector -Name “Anonymous Relay” -Server EX1 -TransportRole FrontendTransport -Custom -Bindings 0.0.0.0:25 `
  -RemoteIPRanges @('192.168.5.10-192.168.5.20','192.168.7.25') -MaxMessageSize '37748736B' -RequireTLS:$false
Set-ReceiveConnector "EX1\Anonymous Relay" -PermissionGroups AnonymousUsers
Get-ReceiveConnector "EX1\Anonymous Relay" | Add-ADPermission -User "NT AUTHORITY\ANONYMOUS LOGON" -ExtendedRights ms-Exch-SMTP-Accept-Any-Recipient
