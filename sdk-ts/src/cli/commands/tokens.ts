import type { Command } from "commander";
import type { TokenSnapshot } from "../../wait/token-snapshot.ts";
import { wait } from "../../wait/wait.ts";
import type { Cli } from "../cli.ts";
import { type CommonFlags, configureFrom, examples, outputOf, withConnection, withJson } from "../command-options.ts";
import { EXIT } from "../exit-code.ts";
import { jsonText } from "../format/json-text.ts";
import { oneLine } from "../format/plain-text.ts";
import type { Output } from "../output.ts";
import { readPayload } from "../read-payload.ts";

interface CompleteFlags extends CommonFlags {
  readonly data?: string;
}

/** `windlass tokens ...`: the promises that runs wait for. */
export function addTokensCommands(program: Command, cli: Cli): void {
  const tokens = program
    .command("tokens")
    .description("Read and complete wait tokens: what runs wait for with wait.forToken.");
  withConnection(withJson(tokens.command("get").description("Show a token.").argument("<token>", "the token's id")))
    .addHelpText("after", examples("tokens get token_01..."))
    .action(async (id: string, flags: CommonFlags) => {
      configureFrom(flags);
      tell(outputOf(cli, flags), await wait.retrieveToken(id));
      cli.exitCode = EXIT.ok;
    });
  const complete = tokens
    .command("complete")
    .description("Give a token its data. One that has ended already stays as it is.")
    .argument("<token>", "the token's id")
    .option("--data <json>", 'JSON, "@file", or "-" for standard input; without it the token gets no data');
  withConnection(withJson(complete))
    .addHelpText("after", examples(`tokens complete token_01... --data '{"approved":true}'`))
    .action(async (id: string, flags: CompleteFlags) => {
      configureFrom(flags);
      await wait.completeToken(
        id,
        flags.data === undefined ? undefined : await readPayload("--data", flags.data, cli.stdin),
      );
      tell(outputOf(cli, flags), await wait.retrieveToken(id));
      cli.exitCode = EXIT.ok;
    });
}

function tell(output: Output, token: TokenSnapshot): void {
  output.result(token, () => {
    const data = token.output === undefined ? "" : `  ${oneLine(jsonText(token.output), 10_000)}`;
    return [`${token.id}  ${output.style("bold", token.status)}${data}`];
  });
}
