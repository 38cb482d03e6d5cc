module plimsoll.example/faults

go 1.26.0
