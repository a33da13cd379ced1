// Runs the suite against the server at BASE_URL, and prints each test with its outcome as JSON.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import path from 'node:path'

const installed = path.resolve('node_modules')
const load = name => import(pathToFileURL(path.join(installed, name)))
const fetch = createRequire(path.join(installed, 'package.json'))('node-fetch')

const { runTests, getResults } = await load('http-cache-tests/client/runner.mjs')
const { default: groups } = await load('http-cache-tests/tests/index.mjs')

await runTests(groups, fetch, false, process.env.BASE_URL, Number(process.env.AT_ONCE))
const results = getResults()
const tests = groups.flatMap(group => group.tests).filter(test => test.id in results)
console.log(JSON.stringify(tests.map(test => ({
  id: test.id,
  kind: test.kind ?? 'required',
  dependsOn: test.depends_on ?? [],
  result: results[test.id]
}))))
