New-ReceiveConnector -Name Relay -Usage Internet -Bindings 0.0.0.0:25
Remove-ADPermission Relay -User 'S-1-5-7' -ExtendedRights ms-Exch-SMTP-Accept-Authoritative-Domain-Sender
