/** A queue on the emulator, to see what reached a target. Spoken to by plain HTTP: the product itself has no use for SQS's client. */

const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const WAIT_S = 5;

export type Queue = {
  readonly arn: string;
  readonly url: string /** The next message's body; fails when none comes within 5 s. */;
  take(): Promise<string>;
};

export async function createQueue(endpoint: string, name: string): Promise<Queue> {
  const ask = async (action: string, input: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const reply = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `AmazonSQS.${action}`,
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/sqs/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(input),
    });
    if (!reply.ok) throw new Error(`${action}: ${reply.status} ${await reply.text()}`);
    const text = await reply.text();
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  const { QueueUrl } = await ask("CreateQueue", { QueueName: name });
  return {
    arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`,
    url: String(QueueUrl),
    async take() {
      const { Messages } = await ask("ReceiveMessage", { QueueUrl, WaitTimeSeconds: WAIT_S, MaxNumberOfMessages: 1 });
      const [message] = (Messages ?? []) as { Body: string; ReceiptHandle: string }[];
      if (message === undefined) throw new Error(`nothing came to ${name} within ${WAIT_S} s`);
      await ask("DeleteMessage", { QueueUrl, ReceiptHandle: message.ReceiptHandle });
      return message.Body;
    },
  };
}
