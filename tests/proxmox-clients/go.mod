module clients

go 1.24

require github.com/luthermonson/go-proxmox v0.8.2
