# From a link to the deletion, with Ruby's own library. Prints what it was told as JSON.

require 'date'
require 'json'
require 'net/http'

ORIGIN, KEY, SECRET, USER = ARGV

class Refused < StandardError; end

# POST and DELETE with JSON, GET with a query; raises for any status but 200.
def ask(verb, method, arguments, secret: SECRET)
  uri = URI("#{ORIGIN}/api/method/bank_api.bridge.#{method}")
  uri.query = URI.encode_www_form(arguments) if verb == 'GET'
  request = Net::HTTP.const_get(verb.capitalize).new(uri, 'Authorization' => "token #{KEY}:#{secret}")
  unless verb == 'GET'
    request['Content-Type'] = 'application/json'
    request.body = JSON.generate(arguments)
  end
  answer = Net::HTTP.start(uri.host, uri.port, nil) { |http| http.request(request) }
  body = JSON.parse(answer.body)
  raise Refused, body['exception'] unless answer.is_a?(Net::HTTPOK)

  body['message']
end

def refusal(arguments, **key)
  ask('GET', 'get_bank_accounts', arguments, **key)
  'It was not refused'
rescue Refused => error
  error.message
end

# What a person does: logs in at the bank, and lets the browser follow home.
def visit(link)
  done = Net::HTTP.post_form(URI(link), 'login' => 'success', 'password' => 'any')
  back = Net::HTTP.get_response(URI(done['Location']))
  URI.decode_www_form(URI(back['Location']).query).to_h
end

order = { redirect_url: 'http://localhost:8000/app/bank?tab=1#top', bank: 'Société Générale', user: USER }
link = ask('POST', 'get_bridge_connect_link', order)
home = visit(link['url'])
item = ask('GET', 'get_bridge_item_id', { request: link['request'] })
who = { item_id: item['item_id'], user: USER }
accounts = ask('GET', 'get_bank_accounts', who)
account = { account_id: accounts[0]['id'], user: USER }
recent = { user: USER, since: (Date.today - 40).iso8601, lang: 'fr' }
told = {
  home: home,
  item: item,
  accounts: accounts,
  transactions: ask('GET', 'get_bank_transactions_by_account', account).length,
  recent: ask('POST', 'get_bank_transactions', recent).length,
  details: ask('GET', 'get_bridge_item_details', { item_id: item['item_id'] }),
  refreshed: ask('POST', 'post_item_refresh', who)['refreshed'],
  refusals: [
    refusal({ item_id: 1 }),
    refusal({ item_id: 'x' }),
    refusal({ item_id: item['item_id'] }, secret: 'no')
  ],
  deleted: ask('DELETE', 'delete_bridge_item_id', who)['deleted']
}
told[:refusals] << refusal({ item_id: item['item_id'] })
puts JSON.generate(told)
