ConformanceCommand.main()
