import LehrNode

await LehrCommand.runAndExit()
