module chainbox.example/verify

go 1.19
