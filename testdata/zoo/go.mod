module whk/testdata/zoo

go 1.26.0
